# Alerts, dashboards and the runbook: by themselves; rules.sh and live.py are for ./run-tests.
SCRIPT_TESTS += %D%/alerts.py %D%/dashboards.py
EXTRA_DIST += %D%/alerts.py %D%/dashboards.py %D%/material.py %D%/promql.py %D%/rules.sh %D%/live.py %D%/running.py
