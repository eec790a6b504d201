# What a release is made of: docs/releasing.md.

# The history lies in the repository alone; a tarball gets it as a file.
dist-hook:
	$(srcdir)/%D%/changelog >$(distdir)/ChangeLog.new
	mv $(distdir)/ChangeLog.new $(distdir)/ChangeLog

# What the programs are made of and linked with, as SPDX 2.3.
SBOM = $(distdir).spdx.json
sbom: $(bin_PROGRAMS) $(sbin_PROGRAMS) $(fcgi_PROGRAMS)
	/usr/bin/python3 -B $(srcdir)/%D%/sbom.py $(SBOM_OPTIONS) --out $(SBOM) $(bin_PROGRAMS) $(sbin_PROGRAMS) $(fcgi_PROGRAMS)
CLEANFILES += $(distdir).spdx.json SHA256SUMS

# The files of a release, with their checksums.
release: dist $(bin_PROGRAMS) $(sbin_PROGRAMS) $(fcgi_PROGRAMS)
	$(MAKE) $(AM_MAKEFLAGS) sbom SBOM_OPTIONS=--tarball=$(distdir).tar.xz
	sha256sum $(distdir).tar.xz $(SBOM) >SHA256SUMS
.PHONY: sbom release
