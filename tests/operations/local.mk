# Alerts, dashboards and the runbook: by themselves; rules.sh and live.py are for ./run-tests, incident.py takes
# minutes and is run by hand (docs/incident.md).
SCRIPT_TESTS += %D%/alerts.py %D%/dashboards.py
EXTRA_DIST += %D%/alerts.py %D%/dashboards.py %D%/material.py %D%/promql.py %D%/rules.sh %D%/live.py %D%/running.py \
    %D%/incident.py %D%/arrivals.py %D%/watching.py
