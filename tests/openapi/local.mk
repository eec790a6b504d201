# docs/openapi.yaml against the code, its page and what the server answers.
SCRIPT_TESTS += %D%/tables.py %D%/drift.py
EXTRA_DIST += %D%/python.sh %D%/tables.py %D%/drift.py %D%/answers.py %D%/description.py %D%/judge.py %D%/packages.py %D%/tap.py
EXTRA_DIST += %D%/transcripts.sh %D%/transcript.jq %D%/lint.sh %D%/reference.sh %D%/tools.sh
EXTRA_DIST += %D%/package.json %D%/package-lock.json %D%/.npmrc %D%/.spectral.yaml %D%/reference

# The page is kept in the sources: who builds the program needs neither node nor npm.
docs-html:
	$(top_srcdir)/%D%/reference.sh
.PHONY: docs-html
