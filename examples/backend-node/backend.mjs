// SPDX-License-Identifier: MIT
// FMSPy's chat as a backend of Playhouse: node examples/backend-node/backend.mjs [PORT]. Needs Node 18 or later, nothing else.
// app chat { type = jsonrpc url = "http://127.0.0.1:9000/rpc" secrets = "whsec_..." } and the same secret in SECRET: docs/jsonrpc.md
import {createHmac, timingSafeEqual} from "node:crypto";
import {createServer} from "node:http";

const port = Number(process.argv[2] ?? 9000), secret = process.env.SECRET ?? "";
const names = new Map(); // by session
const everybody = (session, method, args) => ({method: "broadcast", params: {room: session.room, method, args}});

const methods = {
    $connect: ([name], session) => ({user: name ?? "", data: {hello: name ?? "stranger"}}), // {} would do
    $leaveRoom: (args, session) => {
        const name = names.get(session.id);
        return name ? {$actions: [everybody(session, "left", [name])]} : {};
    },
    $disconnect: (args, session) => { names.delete(session.id); return {}; },
    identify: ([name], session) => {
        if (typeof name !== "string" || name === "") throw new Error("identify wants a name.");
        names.set(session.id, name);
        return {$result: null, $actions: [everybody(session, "joined", [name])]};
    },
    say: ([text], session) => {
        if (!names.has(session.id)) throw new Error("Say who you are first: identify(name).");
        return {$result: null, $actions: [everybody(session, "message", [names.get(session.id), text])]};
    },
    echo: ([value]) => value,
};

// Standard Webhooks: who does not know the secret is not heard.
function isSigned(headers, body) {
    if (!secret) return true;
    const age = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"]));
    const hmac = createHmac("sha256", Buffer.from(secret.replace("whsec_", ""), "base64"));
    const wanted = hmac.update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest();
    return age < 300 && (headers["webhook-signature"] ?? "").split(" ").some((each) => {
        const shown = Buffer.from(each.replace("v1,", ""), "base64");
        return shown.length === wanted.length && timingSafeEqual(shown, wanted);
    });
}

function answer({id, method, params}) {
    const run = Object.hasOwn(methods, method) ? methods[method] : method.startsWith("$") ? () => ({}) : undefined;
    if (!run) return {jsonrpc: "2.0", id, error: {code: -32601, message: `There is no method ${method}.`}};
    try {
        return {jsonrpc: "2.0", id, result: run(params.args, params.session) ?? null};
    } catch (error) {
        return {jsonrpc: "2.0", id, error: {code: 1, message: error.message}};
    }
}

createServer(async (request, response) => {
    let body = "";
    for await (const part of request.setEncoding("utf8")) body += part;
    if (!isSigned(request.headers, body)) return response.writeHead(401).end();
    const asked = JSON.parse(body), said = Array.isArray(asked) ? asked.map(answer) : answer(asked); // many: options.batch
    response.writeHead(200, {"Content-Type": "application/json"}).end(JSON.stringify(said));
}).listen(port, "127.0.0.1", () => console.log(`backend at http://127.0.0.1:${port}/rpc`));
