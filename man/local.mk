# The list of keys in notification-system.conf(5), made from the table of options.  The page is kept in
# the sources, and tests/conf-manual.sh holds it to the table.
noinst_PROGRAMS += %D%/conf-manual
%C%_conf_manual_SOURCES = %D%/conf-manual.c
%C%_conf_manual_LDADD = $(COMMON_LIBS)
SCRIPT_TESTS += tests/conf-manual.sh tests/man-pages.sh
EXTRA_DIST += tests/conf-manual.sh tests/man-pages.sh

man-options: %D%/conf-manual
	%D%/conf-manual $(top_srcdir)/man/notification-system.conf.5 >%D%/page.new
	mv %D%/page.new $(top_srcdir)/man/notification-system.conf.5
.PHONY: man-options
