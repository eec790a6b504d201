# The packages, as far as they can be tried without building one.
SCRIPT_TESTS += %D%/spec.sh
EXTRA_DIST += %D%/spec.sh %D%/rpm.sh
