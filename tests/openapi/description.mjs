/* description - docs/openapi.yaml as something that exchanges with the server are held against. */
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const METHODS = ["get", "put", "post", "delete", "patch"];
const RATE_LIMIT = ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"];
const ELSEWHERE = "elsewhere";

const pointer = (...parts) =>
    parts.map((part) => "/" + String(part).replaceAll("~", "~0").replaceAll("/", "~1")).join("");

function decoded(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text;
    }
}

/* "application/json; charset=utf-8" -> "application/json" */
const mediaType = (value) => (value ?? "").split(";")[0].trim().toLowerCase();

/* Headers and query parameters are texts; a schema that wants a number gets one. */
const fromText = (schema, text) =>
    schema.type === "integer" && /^[0-9]{1,15}$/.test(text) ? Number(text) : text;

function wordsOf(error) {
    const more = error.params.additionalProperty ?? error.params.unevaluatedProperty ??
        error.params.allowedValues?.join(", ") ?? error.params.allowedValue;
    return `${error.instancePath || "the whole"} ${error.message}${more === undefined ? "" : `: ${more}`}`;
}

export class Description {
    constructor(file) {
        this.doc = parse(readFileSync(file, "utf8"));
        this.ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false,
                             strictTypes: false });
        addFormats(this.ajv);
        this.ajv.addVocabulary(Object.keys(this.doc)); // the document is no schema, but it holds them
        this.ajv.addSchema(this.doc, "openapi", false, false);
        this.compiled = new Map();
        this.headerNames = new Set();
        this.templates = Object.keys(this.doc.paths)
            .sort((a, b) => a.includes("{") - b.includes("{")) // a fixed path goes first
            .map((path) => ({ path, segments: path.split("/") }));
        for (const { where } of this.described())
            for (const name of Object.keys(this.at(where).headers ?? {}))
                this.headerNames.add(name.toLowerCase());
    }

    /* Every answer that is described: { name, status, where }. */
    *described() {
        for (const [path, item] of Object.entries(this.doc.paths))
            for (const method of METHODS)
                for (const status of Object.keys(item[method]?.responses ?? {}))
                    yield { name: `${method.toUpperCase()} ${path}`, status,
                            where: pointer("paths", path, method, "responses", status) };
        for (const status of Object.keys(this.doc["x-elsewhere"].responses))
            yield { name: ELSEWHERE, status, where: pointer("x-elsewhere", "responses", status) };
    }

    /* What stands at a pointer, references followed. */
    at(where) {
        return this.follow(where).value;
    }

    follow(where) {
        let value = this.doc, place = "";
        for (const part of where.split("/").slice(1)) {
            value = value?.[part.replaceAll("~1", "/").replaceAll("~0", "~")];
            place += "/" + part;
            while (typeof value?.$ref === "string")
                ({ value, place } = this.follow(value.$ref.slice(1)));
        }
        return { value, place };
    }

    /* The faults of a value, by the schema at a pointer. */
    faultsOf(where, value, what) {
        let validate = this.compiled.get(where);
        if (validate === undefined) {
            validate = this.ajv.compile({ $ref: "openapi#" + encodeURI(where) });
            this.compiled.set(where, validate);
        }
        if (validate(value))
            return [];
        return validate.errors.filter((error) => error.keyword !== "if")
            .slice(0, 5).map((error) => `${what}: ${wordsOf(error)}`);
    }

    /* { path, method, operation }: without operation where nothing is described. */
    find(exchange) {
        const segments = exchange.path.split(/[?#]/)[0].split("/").map(decoded);
        const template = this.templates.find((t) => t.segments.length === segments.length &&
            t.segments.every((segment, i) => segment === segments[i] ||
                (segment.startsWith("{") && segments[i] !== "")));
        const method = exchange.method === "HEAD" ? "get" : exchange.method.toLowerCase();
        const operation = METHODS.includes(method) ? this.doc.paths[template?.path]?.[method] : undefined;
        return { path: template?.path, method, operation };
    }

    /* { name, status, faults } of one exchange. */
    check(exchange) {
        const found = this.find(exchange);
        const name = found.operation ? `${found.method.toUpperCase()} ${found.path}` : ELSEWHERE;
        const base = found.operation ? pointer("paths", found.path, found.method) : pointer("x-elsewhere");
        const where = base + pointer("responses", exchange.status);
        const described = this.at(where);
        let faults;

        if (described === undefined) {
            faults = [`status ${exchange.status} is not described here`];
        } else {
            faults = [...this.headerFaults(exchange, where, described),
                      ...this.bodyFaults(exchange, where, described)];
            if (!found.operation)
                faults.push(...this.elsewhereFaults(exchange, found));
            if (found.operation && exchange.status < 300)
                faults.push(...this.requestFaults(exchange, base, found));
        }
        return { name, status: exchange.status, faults };
    }

    headerFaults(exchange, where, described) {
        const faults = [], names = Object.keys(described.headers ?? {});
        for (const name of names) {
            const { value: header, place } = this.follow(where + pointer("headers", name));
            const text = exchange.headers[name.toLowerCase()];
            if (text !== undefined)
                faults.push(...this.faultsOf(place + "/schema", fromText(header.schema, text), `header ${name}`));
            else if (header.required)
                faults.push(`header ${name} is missing`);
        }
        const known = new Set(names.map((name) => name.toLowerCase()));
        for (const name of Object.keys(exchange.headers))
            if (this.headerNames.has(name) && !known.has(name))
                faults.push(`header ${name} is not described here`);
        const limits = RATE_LIMIT.filter((name) => name in exchange.headers);
        if (limits.length % RATE_LIMIT.length !== 0)
            faults.push(`of the rate limit's headers there is only ${limits.join(", ")}`);
        return faults;
    }

    bodyFaults(exchange, where, described) {
        const type = mediaType(exchange.headers["content-type"]);
        if (described.content === undefined)
            return exchange.body === "" ? [] : ["the body is not empty"];
        if (!(type in described.content))
            return [`the content type is "${type}", not ${Object.keys(described.content).join(" or ")}`];
        if (exchange.method === "HEAD")
            return exchange.body === "" ? [] : ["the answer to HEAD has a body"];
        let value = exchange.body;
        if (type.endsWith("json")) {
            try {
                value = JSON.parse(exchange.body);
            } catch {
                return ["the body is not JSON"];
            }
        }
        const faults = this.faultsOf(this.follow(where).place + pointer("content", type, "schema"), value, "body");
        if (type === "application/problem+json" && value.request_id !== exchange.headers["x-request-id"])
            faults.push("body: request_id is not that of X-Request-Id");
        return faults;
    }

    /* 405 and the 204 of OPTIONS are for paths that exist. */
    elsewhereFaults(exchange, found) {
        if (found.path === undefined)
            return [204, 405].includes(exchange.status) ? ["no such path is described"] : [];
        if (exchange.status === 404)
            return ["the path is described, with other methods"];
        return (exchange.status === 204) === (exchange.method === "OPTIONS") ? [] :
            ["204 is for OPTIONS, and only 204"];
    }

    /* What was accepted must have been right by the description. */
    requestFaults(exchange, base, { path, method, operation }) {
        const faults = this.requestBodyFaults(exchange, base, operation);
        const query = new URLSearchParams(exchange.path.split("#")[0].split("?").slice(1).join("?"));
        (operation.parameters ?? []).forEach((_, i) => {
            const { value: parameter, place } = this.follow(pointer("paths", path, method, "parameters", i));
            const text = parameter.in === "query" ? query.get(parameter.name) : null;
            if (text !== null)
                faults.push(...this.faultsOf(place + "/schema", fromText(this.at(place + "/schema"), text),
                                             `query ${parameter.name}`));
        });
        return faults;
    }

    requestBodyFaults(exchange, base, operation) {
        if (operation.requestBody === undefined)
            return [];
        const type = mediaType(exchange.request_content_type) || "application/json";
        if (!(type in operation.requestBody.content))
            return [`a request body of type "${type}" was accepted`];
        const schema = base + pointer("requestBody", "content", type, "schema");
        if (type !== "application/json")
            return this.faultsOf(schema, Object.fromEntries(new URLSearchParams(exchange.request_body)), "request");
        let value;
        try {
            value = JSON.parse(exchange.request_body);
        } catch {
            return ["a request body that is not JSON was accepted"];
        }
        if (exchange.status === 207)
            value = acceptedOnly(value, exchange);
        return exchange.status === 207 && value.messages.length === 0 ? [] : this.faultsOf(schema, value, "request");
    }
}

/* Of a bulk that was accepted in part, the part. */
function acceptedOnly(request, exchange) {
    const { results } = JSON.parse(exchange.body);
    return { messages: request.messages.filter((_, i) => results[i]?.error === undefined) };
}
