/*
 * validate - holds recorded exchanges with the server against docs/openapi.yaml.
 *
 *   node tests/openapi/validate.mjs FILE...
 *
 * A file has a JSON object a line: method, path (with its query), request_content_type and request_body
 * (null: none), status, headers (names in lower case), body.  Prints TAP with a line for each operation
 * and status that was seen, and exits with 0 if every exchange is as described.
 */
import { readFileSync } from "node:fs";
import { Description } from "./description.mjs";

const SHOWN = 5; // faults of one operation and status

const description = new Description(new URL("../../docs/openapi.yaml", import.meta.url));
const seen = new Map();

for (const file of process.argv.slice(2)) {
    readFileSync(file, "utf8").split("\n").forEach((line, i) => {
        if (line === "")
            return;
        const exchange = JSON.parse(line);
        const { name, status, faults } = description.check(exchange);
        const key = `${name} ${status}`;
        const group = seen.get(key) ?? { count: 0, bad: [] };
        group.count++;
        if (faults.length > 0)
            group.bad.push({ place: `${file}:${i + 1}`, exchange, faults });
        seen.set(key, group);
    });
}

let n = 0, failed = 0;
for (const [key, { count, bad }] of [...seen].sort()) {
    console.log(`${bad.length === 0 ? "ok" : "not ok"} ${++n} - ${key} is as described (${count} answers)`);
    failed += bad.length > 0;
    for (const { place, exchange, faults } of bad.slice(0, SHOWN)) {
        console.log(`# ${place}: ${exchange.method} ${exchange.path.slice(0, 200)}`);
        for (const fault of faults)
            console.log(`#   ${fault}`);
    }
    if (bad.length > SHOWN)
        console.log(`# and ${bad.length - SHOWN} more`);
}
for (const { name, status } of description.described())
    if (!seen.has(`${name} ${status}`))
        console.log(`# not seen: ${name} ${status}`);
console.log(n > 0 ? `1..${n}` : "Bail out! There is no exchange to look at.");
process.exitCode = failed > 0 || n === 0 ? 1 : 0;
