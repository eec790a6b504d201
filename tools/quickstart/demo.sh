# demo.sh - sends one message on each platform and watches it arrive; sourced by bash.
#
# "Arrived" means: sms and whatsapp are `delivered`, told by their providers' callbacks; the email is
# `sent` and lies in the mailbox with our text; telegram is `sent`, taken by its provider, who tells no more.
# shellcheck shell=bash disable=SC2154

declare -A demo_address=([sms]=+15551234567 [email]=ada@example.com
    [whatsapp]=+15557654321 [telegram]=123456789)
declare -A demo_state demo_proof
demo_seconds=60

# The platforms that --set has not switched off.
demo_platforms() {
    local platform
    for platform in sms email whatsapp telegram; do
        case ${setting[platform.$platform.enabled]-true} in
            false | no | off | 0) ;;
            *) echo "$platform" ;;
        esac
    done
}

demo_call() {
    curl -sS -m 10 -H "X-API-Key: ${secret[api_key]}" -H 'Content-Type: application/json' "$@"
}

# demo_message CONTENT PLATFORM...
demo_message() {
    local content=$1 platform
    shift
    for platform in "$@"; do
        jq -n --arg p "$platform" --arg r "${demo_address[$platform]}" '{platform: $p, recipient: $r}'
    done | jq -s --arg c "$content" '{content: $c, subject: "Login code", recipients: .}'
}

# find_mail TEXT: prints the file of the mail whose text contains TEXT, however it is encoded.
find_mail() {
    /usr/bin/python3 - "$dir/mail/new" "$1" <<'END'
import email, email.policy, pathlib, sys

for path in pathlib.Path(sys.argv[1]).iterdir():
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is not None and sys.argv[2] in part.get_content():
        print(path)
        sys.exit(0)
sys.exit(1)
END
}

# demo_arrived PLATFORM CONTENT
demo_arrived() {
    local state=${demo_state[$1]-} mail
    case $1:$state in
        sms:delivered | sms:read | whatsapp:delivered | whatsapp:read)
            demo_proof[$1]="the provider's callback said so"
            ;;
        sms:* | whatsapp:*) return 1 ;;
        email:sent | email:delivered | email:read)
            mail=$(find_mail "$2" 2>/dev/null) || return 1
            demo_proof[email]="found in $mail"
            ;;
        *:sent | *:delivered | *:read) demo_proof[$1]="taken by its provider" ;;
        *) return 1 ;;
    esac
}

# demo_poll ID: reads the states and tells what is new.
demo_poll() {
    local answer platform state
    answer=$(demo_call "$notify_url/api/v1/messages/$1") || return 0
    while IFS=$'\t' read -r platform state; do
        [[ ${demo_state[$platform]-} == "$state" ]] && continue
        demo_state[$platform]=$state
        say "$platform to ${demo_address[$platform]}: $state"
    done < <(jq -r '.recipients[]? | [.platform, .status] | @tsv' <<<"$answer")
}

run_demo() {
    local platforms platform content answer id deadline waiting
    mapfile -t platforms < <(demo_platforms)
    ((${#platforms[@]})) || { echo "quickstart: every platform is switched off" >&2; return 1; }
    content="Your code is $((100000 + RANDOM * 27 % 900000)), asked for at $(date -u +%H:%M:%S.%N)"
    say "sending \"$content\" by ${platforms[*]}"
    answer=$(demo_message "$content" "${platforms[@]}" | demo_call -d @- "$notify_url/api/v1/messages") || return 1
    id=$(jq -er .id <<<"$answer" 2>/dev/null) || { echo "quickstart: not accepted: $answer" >&2; return 1; }
    say "accepted as $id"

    deadline=$((SECONDS + demo_seconds)) waiting=("${platforms[@]}")
    while ((${#waiting[@]} && SECONDS < deadline)); do
        status "waiting for ${waiting[*]}"
        demo_poll "$id"
        waiting=()
        for platform in "${platforms[@]}"; do
            demo_arrived "$platform" "$content" || waiting+=("$platform")
        done
        if ((${#waiting[@]})); then sleep 0.2; fi
    done
    show_demo "${platforms[@]}"
    ((${#waiting[@]} == 0)) && return
    echo "quickstart: did not arrive within $demo_seconds s: ${waiting[*]}" >&2
    jq -r '.recipients[]? | select(.error) | "  \(.platform): \(.error.code) \(.error.message)"' \
        <<<"$(demo_call "$notify_url/api/v1/messages/$id")" >&2 || true
    return 1
}

show_demo() {
    local platform
    clear_status
    printf '\n  %-10s %-20s %-10s %s\n' PLATFORM RECIPIENT STATE PROOF
    for platform in "$@"; do
        printf '  %-10s %-20s %-10s %s\n' "$platform" "${demo_address[$platform]}" \
            "${demo_state[$platform]:--}" "${demo_proof[$platform]:-not arrived}"
    done
    echo
}
