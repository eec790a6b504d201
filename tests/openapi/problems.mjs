/* problems - whether the problems of docs/openapi.yaml are those of fcgi/problem.c.  Prints the faults. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";

const read = (path) => readFileSync(new URL("../../" + path, import.meta.url), "utf8");
const row = /\[PROBLEM_\w+\] = \{\s*(\d+),\s*"(\w+)",\s*"([^"]+)"/g;

const { components } = parse(read("docs/openapi.yaml"));
const problems = [...read("fcgi/problem.c").matchAll(row)]
    .map(([, status, code, title]) => ({ status: Number(status), code, title }));
const examples = Object.values(components.examples).map((example) => example.value);
const codes = components.schemas.Problem.properties.code.enum;
const faults = [];

if (problems.length === 0)
    faults.push("fcgi/problem.c has no table of problems that can be read");
for (const problem of problems) {
    const example = examples.find(({ code }) => code === problem.code);
    if (!codes.includes(problem.code))
        faults.push(`${problem.code} is not among the codes of Problem`);
    if (example === undefined)
        faults.push(`${problem.code} has no example`);
    else if (example.status !== problem.status || example.title !== problem.title)
        faults.push(`${problem.code} is ${problem.status} "${problem.title}", its example is not`);
}
for (const code of codes)
    if (!problems.some((problem) => problem.code === code))
        faults.push(`${code} is not in fcgi/problem.c`);
faults.forEach((fault) => console.log(fault));
process.exitCode = faults.length > 0 ? 1 : 0;
