# The manual against the sources; commands.py needs a running system and belongs to test_whole_api.
SCRIPT_TESTS += %D%/documents.py
EXTRA_DIST += %D%/documents.py %D%/pages.py %D%/commands.py
