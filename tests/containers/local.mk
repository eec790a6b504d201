# Dockerfiles, docker-compose.yml and k8s/, without a daemon or a cluster.
SCRIPT_TESTS += %D%/images.py
EXTRA_DIST += %D%/images.py %D%/schemas.sh %D%/schemas.mjs %D%/package.json %D%/package-lock.json %D%/.npmrc
