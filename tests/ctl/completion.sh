# The completion of bash, as bash uses it, and the grammar of zsh's.  What the scripts know comes from
# the table of commands; this holds that they say it at the right place.
program=${top_builddir:-.}/ctl/notifyctl
script=${TMPDIR:-/tmp}/notifyctl-completion.$$
trap 'rm -f "$script" "$script.zsh"' EXIT

"$program" -c /nowhere completion bash >"$script" || exit 1
"$program" completion zsh >"$script.zsh" || exit 1

# One case a line: the words of the line, the last of them the one at the cursor, and what completes it.
# '^' stands for an empty word; a '*' at the end: these, and more.
bash -s "$script" <<'END' || exit 1
source "$1" || exit 1
failed=0
complete -p notifyctl >/dev/null || { echo "not registered"; exit 1; }

try() {
    COMP_WORDS=(notifyctl)
    local word
    for word in $1; do COMP_WORDS+=("${word/#^/}"); done
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _notifyctl
    local got="${COMPREPLY[*]}"
    if [[ $2 == *'*' && $got == "${2%\*}"* && -n ${2%\*} ]]; then return; fi
    if [[ $got != "$2" ]]; then
        echo "notifyctl $1: \"$got\" instead of \"$2\""
        failed=1
    fi
}

while IFS='>' read -r line wanted; do
    [[ -z $line ]] || try "${line% }" "${wanted# }"
done <<'CASES'
mi > migrate
^ > migrate init seed user key*
doc > doctor
migrate ^ > up down status
migrate u > up
user add --ro > --role
user add --role ^ > user admin
user add --role = ^ > user admin
user add --role = > user admin
user add --role a > admin
user add --tier ^ >
user add ada@example.com --t > --tier
user list --ro >
-c x.conf user a > add
--config = x.conf user a > add
--json queue ^ > status
tail --platform ^ > sms email whatsapp telegram
tail --status del > delivered
tail --platform sms --er > --errors
tail --count ^ >
dead list --platform wh > whatsapp
dead ^ > list show replay purge
dead purge --y > --yes
dead list --y >
completion ^ > bash zsh
completion bash ^ >
seed ^ >
nonsense ^ >
CASES

# Files are completed where a file is asked for.
cd "$(dirname "$1")" || exit 1
try "-c $(basename "$1" .sh)" "$(compgen -f -- "$(basename "$1" .sh)" | tr '\n' ' ' | sed 's/ $//')"
exit $failed
END

# What no command has is completed nowhere, and every command of --help is known.
for command in $("$program" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z]*\) .*/\1/p' | sort -u); do
    grep -q "choices='\(.* \)\{0,1\}$command\( .*\)\{0,1\}'" "$script" || {
        echo "$command is not completed"
        exit 1
    }
done
if zsh -c true 2>/dev/null; then
    zsh -n "$script.zsh" || exit 1
fi
