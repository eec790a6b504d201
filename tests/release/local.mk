# What a release must hold to; reproducible.sh takes minutes and is run by hand and for each release.
SCRIPT_TESTS += %D%/versions.py %D%/sbom.py
EXTRA_DIST += %D%/versions.py %D%/sbom.py %D%/reproducible.sh
