# The units, as far as they can be tried where systemd is not process 1.
SCRIPT_TESTS += %D%/units.py %D%/listening.py
EXTRA_DIST += %D%/units.py %D%/listening.py
