# The spec names the version that configure knows; in the tarball `rpmbuild -ta` finds it.
EXTRA_DIST += %D%/build %D%/notification-system.spec %D%/notification-system.rpmlintrc
