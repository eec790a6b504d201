# transcript.jq - in what a JSON answer ($actual) differs from the one that is written down ($expected).
#
# "…" matches anything; within a text it matches any part; as the last of an array, any further elements.

def like($pattern; $text):
    $text | test("^" + ($pattern | gsub("(?<c>[\\\\^$.|?*+(){}\\[\\]])"; "\\\(.c)") | gsub("…"; ".*")) + "$"; "s");

def faults($expected; $actual; $place):
    if $expected == "…" then empty
    elif ($expected | type) == "object" and ($actual | type) == "object" then
        ($expected | keys_unsorted[] | . as $name |
            if $actual | has($name) then faults($expected[$name]; $actual[$name]; "\($place)/\($name)")
            else "\($place)/\($name) is missing" end),
        ($actual | keys_unsorted[] | select(. as $name | $expected | has($name) | not) |
            "\($place)/\(.) is not written down")
    elif ($expected | type) == "array" and ($actual | type) == "array" then
        ($expected | if last == "…" then .[:-1] else . end) as $wanted |
        (if ($wanted | length) == ($actual | length) or
            ($expected[-1] == "…" and ($actual | length) > ($wanted | length)) then empty
         else "\($place) has \($actual | length) elements, not \($wanted | length)" end),
        (range([($wanted | length), ($actual | length)] | min) as $i |
            faults($wanted[$i]; $actual[$i]; "\($place)/\($i)"))
    elif ($expected | type) == "string" and ($actual | type) == "string" and like($expected; $actual) then empty
    elif $expected == $actual then empty
    else "\($place) is \($actual | tojson), not \($expected | tojson)" end;

faults($expected; $actual; "")
