// src/engines/kubernetes/connection.ts
import { createHash } from "node:crypto";
import { Agent } from "node:https";
import { Agent as PlainAgent } from "node:http";

// src/errors.ts
var AichorError = class extends Error {
  name = "AichorError";
  code;
  hint;
  diagnostics;
  requestId;
  constructor(code, message, options = {}) {
    super(message, options.cause === void 0 ? void 0 : { cause: options.cause });
    this.code = code;
    this.hint = options.hint ?? null;
    this.diagnostics = options.diagnostics;
    this.requestId = options.requestId;
  }
};
function isAbsent(error) {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}
function systemErrorCode(error) {
  if (!(error instanceof Error) || !("code" in error)) return void 0;
  return typeof error.code === "string" ? error.code : void 0;
}

// src/engines/kubernetes/credential-failure.ts
var SECRETIVE = /[\w+=~-]{24,}/g;
function credentialFailure(error, { user, plugin }) {
  if (plugin === null) return ownFailure(error, user);
  const { command, installHint } = plugin;
  const whose = `which gives the credentials of ${user}`;
  if (systemErrorCode(error) === "ENOENT")
    return new AichorError("engine_unavailable", `${command}, ${whose}, is not there`, {
      hint: installHint ?? "install it where the control plane finds it (PATH), or use a context that needs none"
    });
  if (error === "late")
    return new AichorError("engine_unavailable", `${command}, ${whose}, does not answer`, {
      hint: "run kubectl with this context: if it asks something, log in there first"
    });
  const said = error instanceof SyntaxError ? "what it printed is no ExecCredential" : lastLine(error);
  return new AichorError("engine_unavailable", `${command}, ${whose}, failed: ${said}`, {
    hint: "run kubectl with this context: it most often asks to log in again"
  });
}
function ownFailure(error, user) {
  const code = systemErrorCode(error);
  const whose = user === null ? "the pod's service account" : `user ${user} of the kubeconfig`;
  const why = code === void 0 ? lastLine(error) : `a file that it names cannot be read (${code})`;
  return new AichorError("engine_unavailable", `no credentials of ${whose}: ${why}`, {
    hint: "log in to the cluster again, so that the kubeconfig is renewed"
  });
}
function lastLine(error) {
  const lines = error instanceof Error ? error.message.trim().split("\n") : [];
  const last = (lines.at(-1) ?? "").trim().replaceAll(SECRETIVE, "\u2026").slice(0, 300);
  return last === "" ? "it did not say why" : last;
}

// src/engines/kubernetes/kube-config.ts
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";

// src/manifest/did-you-mean.ts
function didYouMean(word, candidates) {
  const folded = word.toLowerCase();
  let best = null;
  let bestDistance = Math.max(1, Math.floor(Math.min(word.length, 40) / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(folded, candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? candidates.find((candidate) => word.length > 2 && candidate.toLowerCase().startsWith(folded)) ?? null;
}
function editDistance(from, to, limit = Infinity) {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let before = [];
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  const at = (cells, index) => cells[index] ?? Infinity;
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(row, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      const swaps = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const swapped = swaps ? at(before, j - 2) + 1 : Infinity;
      next.push(Math.min(at(next, j - 1) + 1, at(row, j) + 1, replaced, swapped));
    }
    before = row;
    row = next;
  }
  return Math.min(at(row, to.length), limit);
}

// src/engines/kubernetes/proxy.ts
import { BlockList, isIP } from "node:net";
function proxyFor(server, env) {
  const { protocol, hostname, port } = new URL(server);
  const of = (name) => env[name] || env[name.toLowerCase()] || null;
  const proxy = of(protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY");
  if (proxy === null) return null;
  const host = hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || isLoopback(host)) return null;
  const portOf = port || (protocol === "https:" ? "443" : "80");
  const spared = (of("NO_PROXY") ?? "").split(",").map((entry) => entry.trim().toLowerCase());
  if (spared.some((entry) => covers(entry, host, portOf))) return null;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}
function covers(entry, host, port) {
  if (entry === "") return false;
  if (entry === "*") return true;
  const range = /^(.+)\/(\d{1,3})$/.exec(entry);
  if (range?.[1] !== void 0) return inRange(host, range[1], Number(range[2]));
  if (isIP(entry)) return entry === host;
  const [, name = entry, only] = /^(.*?)(?::(\d+))?$/.exec(entry) ?? [];
  if (only !== void 0 && only !== port) return false;
  const bare = name.replace(/^\*?\./, "");
  return host.endsWith(`.${bare}`) || host === bare && bare === name;
}
function isLoopback(host) {
  return host === "::1" || inRange(host, "127.0.0.0", 8);
}
function inRange(host, network, bits) {
  const family = isIP(host);
  if (family === 0 || isIP(network) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  const type = family === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, bits, type);
  return list.check(host, type);
}

// src/engines/kubernetes/kube-config.ts
async function loadKubeConfig(access, env) {
  const { KubeConfig } = await import("@kubernetes/client-node/dist/config.js");
  const config = new KubeConfig();
  if (access.kind === "in-cluster") loadOfPod(config, env);
  else loadOfFile(config, access);
  const context = config.getContextObject(config.getCurrentContext());
  const cluster = config.getCurrentCluster();
  const place = access.kind === "in-cluster" ? "this pod" : access.file;
  if (context === null || cluster === null)
    throw new AichorError(
      "engine_unavailable",
      `context ${config.getCurrentContext()} of ${place} names no cluster`,
      {
        hint: "correct its `cluster`, or choose another context"
      }
    );
  const plain = cluster.server.startsWith("http:");
  const proxyUrl = cluster.proxyUrl ?? proxyFor(cluster.server, env);
  const usable = { ...cluster, ...plain && { skipTLSVerify: true }, ...proxyUrl && { proxyUrl } };
  config.clusters = config.clusters.map((one) => one.name === cluster.name ? usable : one);
  return {
    config,
    server: cluster.server.replace(/\/+$/, ""),
    namespace: access.namespace ?? context.namespace ?? "default",
    user: access.kind === "in-cluster" ? null : context.user,
    plugin: access.kind === "in-cluster" ? null : preparePlugin(config, dirname(access.file))
  };
}
function loadOfPod(config, env) {
  if (!env["KUBERNETES_SERVICE_HOST"] || !env["KUBERNETES_SERVICE_PORT"])
    throw new AichorError("engine_unavailable", "this control plane does not run in a pod of a cluster", {
      hint: "give the cluster with a kubeconfig"
    });
  config.loadFromCluster();
}
function loadOfFile(config, { file, context }) {
  const text = readKubeConfig(file);
  try {
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(file));
  } catch (error) {
    throw new AichorError("engine_unavailable", `${file} is no kubeconfig: ${faultOf(error)}`, {
      hint: "kubectl config view shows what kubectl makes of it"
    });
  }
  const names = config.getContexts().map(({ name }) => name);
  const wanted = context ?? config.getCurrentContext();
  if (!wanted)
    throw new AichorError("usage", `${file} has no current context`, {
      hint: names.length === 0 ? "it has no context at all" : `name one of its contexts: ${names.join(", ")}`
    });
  if (!names.includes(wanted)) throw noSuchContext(file, wanted, names);
  config.setCurrentContext(wanted);
}
function noSuchContext(file, wanted, names) {
  const meant = didYouMean(wanted, names);
  const known = names.length === 0 ? "it has none" : `its contexts are ${names.join(", ")}`;
  return new AichorError("usage", `${file} has no context ${JSON.stringify(wanted)}`, {
    hint: meant === null ? known : `did you mean ${meant}? ${known}`
  });
}
function readKubeConfig(file) {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const why = isAbsent(error) ? "is not there" : `cannot be read (${systemErrorCode(error)})`;
    throw new AichorError("engine_unavailable", `the kubeconfig ${file} ${why}`, {
      hint: "name the file that kubectl uses, most often ~/.kube/config",
      cause: error
    });
  }
}
function faultOf(error) {
  const code = systemErrorCode(error);
  if (code !== void 0) return `a file that it names cannot be read (${code})`;
  if (!(error instanceof Error)) return "it cannot be read";
  if (/^(?:clusters|contexts|users)\[\d+\]\.[\w.]+ is missing$/.test(error.message)) return error.message;
  const line = /\((\d+):\d+\)/.exec(error.message)?.[1];
  return line === void 0 ? "it has another shape" : `line ${line} is not YAML`;
}
function preparePlugin(config, folder) {
  const exec = config.getCurrentUser()?.exec;
  if (typeof exec?.command !== "string") return null;
  if (exec.command.includes("/") && !isAbsolute(exec.command)) exec.command = join(folder, exec.command);
  const cluster = config.getCurrentCluster();
  const facts = {
    server: cluster?.server,
    "certificate-authority-data": cluster?.caData,
    "insecure-skip-tls-verify": cluster?.skipTLSVerify,
    "tls-server-name": cluster?.tlsServerName,
    "proxy-url": cluster?.proxyUrl
  };
  const spec = { interactive: false, ...exec.provideClusterInfo === true && { cluster: facts } };
  const info = { kind: "ExecCredential", apiVersion: exec.apiVersion, spec };
  exec.env = [...exec.env ?? [], { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }];
  const installHint = typeof exec.installHint === "string" ? exec.installHint.trim() : "";
  return { command: exec.command, installHint: installHint === "" ? null : installHint.slice(0, 500) };
}

// src/engines/kubernetes/connection.ts
var PLUGIN_REST_MS = 6e4;
var PLUGIN_LIMIT_MS = 3e4;
async function openConnection(access, options = {}) {
  const { env = process.env, now = Date.now, pluginLimitMs = PLUGIN_LIMIT_MS } = options;
  let loaded = await loadKubeConfig(access, env);
  const { server, namespace } = loaded;
  const agents = createAgents();
  let last = null;
  let asking = null;
  async function ask() {
    const from = loaded;
    const given = await credentialsOf(from, agents);
    if (from === loaded) last = { given, at: now() };
    return given;
  }
  function credentials2() {
    if (loaded.plugin !== null && last !== null && now() - last.at < PLUGIN_REST_MS)
      return Promise.resolve(last.given);
    asking ??= ask().finally(() => asking = null);
    return withLimit(asking, pluginLimitMs, loaded);
  }
  await credentials2();
  async function readAnew() {
    loaded = await loadKubeConfig(access, env);
    asking = null;
    last = null;
    return credentials2();
  }
  let renewing = null;
  return {
    ...{ server, namespace, credentials: credentials2 },
    async renewed(refused2) {
      if (last !== null && !sameCredentials(last.given, refused2)) return last.given;
      renewing ??= readAnew().finally(() => renewing = null);
      return renewing;
    },
    close: () => agents.close()
  };
}
async function credentialsOf(loaded, agents) {
  const options = {};
  try {
    await loaded.config.applyToHTTPSOptions(options);
  } catch (error) {
    throw credentialFailure(error, loaded);
  }
  const headers = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (options.auth) headers["Authorization"] = `Basic ${Buffer.from(options.auth).toString("base64")}`;
  return { headers, agent: agents.for(options, loaded.config.getCurrentCluster()?.proxyUrl) };
}
function sameCredentials(one, other) {
  return JSON.stringify(one.headers) === JSON.stringify(other.headers) && one.agent === other.agent;
}
async function withLimit(asking, ms, loaded) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(credentialFailure("late", loaded)), ms);
  });
  try {
    return await Promise.race([asking, late]);
  } finally {
    clearTimeout(timer);
  }
}
function createAgents() {
  let current = null;
  const retire = () => {
    if (current === null) return;
    Object.assign(current.agent, { keepAlive: false });
    for (const sockets of Object.values(current.agent.freeSockets))
      sockets?.forEach((socket) => socket.destroy());
    current = null;
  };
  return {
    for(options, proxyUrl) {
      const { ca, cert, key, rejectUnauthorized, servername } = options;
      const print = createHash("sha256");
      for (const part of [ca, cert, key, rejectUnauthorized, servername, proxyUrl])
        print.update(`${String(part)}\0`);
      const digest = print.digest("hex");
      if (current?.print === digest) return current.agent;
      retire();
      const agent = options.agent instanceof PlainAgent ? options.agent : new Agent();
      Object.assign(agent, { keepAlive: true });
      current = { agent, print: digest };
      return agent;
    },
    close: retire
  };
}

// src/engines/kubernetes/ask.ts
import { setTimeout as sleep } from "node:timers/promises";

// src/engines/kubernetes/cluster-error.ts
var ClusterError = class extends Error {
  /** HTTP status; 0: no answer. */
  status;
  /** `reason` of the Status object (`NotFound`, `Forbidden`, `Expired`, …), or the system's error code. */
  reason;
  constructor(status, reason, message, options) {
    super(message, options);
    this.name = "ClusterError";
    this.status = status;
    this.reason = reason;
  }
};
function isClusterError(error, status) {
  return error instanceof ClusterError && (status === void 0 || error.status === status);
}

// src/engines/kubernetes/cluster-failure.ts
var Refusal = class extends ClusterError {
  /** Reasons of its causes: `FieldManagerConflict`, … */
  causes;
  /** When to ask again, in seconds; null: not said. */
  retryAfterS;
  constructor(status, code, retryAfterS) {
    super(code, status.reason ?? `Http${code}`, status.message ?? `HTTP status ${code}`);
    this.causes = status.details?.causes?.flatMap(({ reason }) => reason ?? []) ?? [];
    this.retryAfterS = retryAfterS ?? status.details?.retryAfterSeconds ?? null;
  }
};
var LONGEST_MESSAGE = 2e3;
function refusalOf(code, body, retryAfter) {
  const status = statusOf(body) ?? { reason: reasonOf(code, body), message: plainMessage(code, body) };
  const message = status.message?.slice(0, LONGEST_MESSAGE);
  const seconds = retryAfter === void 0 ? Number.NaN : Number(retryAfter);
  return new Refusal(
    { ...status, ...message !== void 0 && { message } },
    code,
    Number.isFinite(seconds) && seconds >= 0 ? seconds : null
  );
}
function statusOf(text) {
  try {
    const value = JSON.parse(text);
    return isStatus(value) ? value : null;
  } catch {
    return null;
  }
}
function isStatus(value) {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "Status";
}
function reasonOf(code, body) {
  return code === 404 && body.startsWith("404 page not found") ? "NoSuchKind" : `Http${code}`;
}
function plainMessage(code, body) {
  const line = body.trimStart().startsWith("<") ? "" : body.trim().split("\n")[0] ?? "";
  return line === "" ? `HTTP status ${code}` : `HTTP status ${code}: ${line.slice(0, 300)}`;
}
function noAnswer(server, error) {
  if (error instanceof ClusterError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const reason = systemErrorCode(error) ?? "Broken";
  return new ClusterError(0, reason, `${server} cannot be reached: ${said}`, { cause: error });
}
function timedOut(server, what, ms) {
  return new ClusterError(0, "Timeout", `${server} ${what} within ${Math.round(ms / 1e3)} s`);
}
function withoutCredentials(error) {
  return new ClusterError(401, "NoCredentials", error.message, { cause: error });
}

// src/engines/kubernetes/gate.ts
function createGate(limit) {
  let inside = 0;
  const waiting = [];
  return {
    async through(work) {
      if (inside >= limit) await new Promise((resolve) => waiting.push(resolve));
      else inside++;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next === void 0) inside--;
        else next();
      }
    }
  };
}

// src/engines/kubernetes/retry.ts
var MOST_REQUESTS = 5;
var MOST_SILENT = 3;
var FIRST_MS = 200;
var LONGEST_MS = 5e3;
var MOST_PATIENT_S = 30;
var PASSING = /* @__PURE__ */ new Set([
  ...["ECONNRESET", "ECONNREFUSED", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "EAI_AGAIN", "ENETUNREACH"],
  ...["EHOSTUNREACH", "ERR_STREAM_PREMATURE_CLOSE", "Timeout", "Broken"]
]);
function retryDelay(sent, setback, chance) {
  if (!mayPass(setback) || sent >= (setback.reason === "Timeout" ? MOST_SILENT : MOST_REQUESTS)) return null;
  const wait = jittered(Math.min(LONGEST_MS, FIRST_MS * 2 ** (sent - 1)), chance);
  const told = setback.retryAfterS ?? null;
  if (told === null) return wait;
  return told > MOST_PATIENT_S ? null : Math.max(told * 1e3, wait);
}
function mayPass({ status, reason, causes = [] }) {
  if (status === 0) return PASSING.has(reason);
  if (status === 429) return true;
  if (status === 409) return reason === "Conflict" && !causes.includes("FieldManagerConflict");
  return status >= 500 && status !== 501 && status !== 505;
}
function jittered(ms, chance) {
  return Math.round(ms * (0.5 + chance / 2));
}

// src/engines/kubernetes/send.ts
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { Readable } from "node:stream";
var CONNECT_MS = 1e4;
var PROBE_AFTER_MS = 15e3;
async function send(connection, call) {
  const repeatable = !(call.body instanceof Readable);
  const given = await credentials(connection.credentials());
  const answer = await sendTwice(connection, call, given);
  if (answer.statusCode !== 401 || !repeatable) return answer;
  answer.resume();
  return sendTwice(connection, call, await credentials(connection.renewed(given)));
}
async function credentials(asked) {
  try {
    return await asked;
  } catch (error) {
    throw error instanceof Error ? withoutCredentials(error) : error;
  }
}
async function sendTwice(connection, call, given) {
  try {
    return await sendOnce(connection.server, call, given);
  } catch (error) {
    if (!(error instanceof StaleSocket) || call.body instanceof Readable) throw reasonOf2(error);
  }
  try {
    return await sendOnce(connection.server, call, given);
  } catch (error) {
    throw reasonOf2(error);
  }
}
var StaleSocket = class extends Error {
};
function reasonOf2(error) {
  return error instanceof StaleSocket ? error.cause : error;
}
function sendOnce(server, call, { headers, agent }) {
  const { method, path, body, answerMs, signal } = call;
  signal?.throwIfAborted();
  const url = new URL(server + path);
  const length = typeof body === "string" ? { "content-length": String(Buffer.byteLength(body)) } : {};
  return new Promise((resolve, reject) => {
    const sent = (url.protocol === "http:" ? plainRequest : tlsRequest)(url, {
      ...{ method, agent, signal },
      headers: { accept: "application/json", "user-agent": "aichor", ...call.headers, ...length, ...headers }
    });
    const stopClock = startClock(sent, server, answerMs);
    sent.once("response", (answer) => {
      stopClock();
      resolve(answer);
    });
    sent.once("error", (error) => {
      stopClock();
      const failed = signal?.aborted === true ? signal.reason : noAnswer(server, error);
      const stale = sent.reusedSocket && systemErrorCode(error) === "ECONNRESET" && signal?.aborted !== true;
      reject(stale ? new StaleSocket("", { cause: failed }) : failed);
    });
    if (body instanceof Readable) {
      body.once("error", (error) => sent.destroy(error));
      body.pipe(sent);
    } else sent.end(body);
  });
}
function startClock(sent, server, answerMs) {
  const say = (what, ms) => () => sent.destroy(timedOut(server, what, ms));
  const connecting = say(answerMs === null ? "took no connection" : "did not answer", answerMs ?? CONNECT_MS);
  const timer = setTimeout(connecting, answerMs ?? CONNECT_MS);
  sent.once("socket", (socket) => {
    socket.setKeepAlive(true, PROBE_AFTER_MS);
    if (answerMs === null) whenConnected(socket, () => clearTimeout(timer));
  });
  return () => clearTimeout(timer);
}
function whenConnected(socket, tell) {
  if ("secureConnecting" in socket && socket.secureConnecting === true) socket.once("secureConnect", tell);
  else if (socket.connecting) socket.once("connect", tell);
  else tell();
}

// src/engines/kubernetes/ask.ts
var AT_ONCE = 24;
var READ_MS = 1e4;
var WRITE_MS = 3e4;
function createAsker({ connection, log, chance = Math.random }) {
  const gate = createGate(AT_ONCE);
  async function repeated(question, attempt) {
    for (let sent = 1; ; sent++) {
      try {
        return await attempt();
      } catch (error) {
        const wait = isClusterError(error) && question.once !== true ? retryDelay(sent, error, chance()) : null;
        if (wait === null || !isClusterError(error)) throw error;
        const { method, path } = question;
        const { status, reason } = error;
        log.info({ method, path: path.split("?")[0], status, reason, wait }, "the API server is asked again");
        await sleep(wait, void 0, question.signal && { signal: question.signal });
      }
    }
  }
  return {
    json: (question) => repeated(
      question,
      () => gate.through(async () => {
        const answer = await answered(connection, question);
        return parsed(await textOf(answer, connection.server), connection.server);
      })
    ),
    stream: (question) => repeated(question, () => answered(connection, { ...question, stream: true }))
  };
}
async function answered(connection, question) {
  const { method, path, body, contentType = "application/json", signal } = question;
  const call = {
    ...{ method, path, signal },
    answerMs: question.stream === true ? null : method === "GET" ? READ_MS : WRITE_MS,
    ...body !== void 0 && { body: JSON.stringify(body), headers: { "content-type": contentType } }
  };
  const answer = await send(connection, call);
  const status = answer.statusCode ?? 0;
  if (status >= 200 && status < 300) return answer;
  throw await refused(answer, connection.server);
}
async function refused(answer, server) {
  const text = await textOf(answer, server);
  return refusalOf(answer.statusCode ?? 0, text, answer.headers["retry-after"]);
}
async function textOf(answer, server) {
  const parts = [];
  const cut = () => answer.destroy(timedOut(server, "did not go on answering", READ_MS));
  let timer = setTimeout(cut, READ_MS);
  try {
    for await (const part of answer) {
      clearTimeout(timer);
      timer = setTimeout(cut, READ_MS);
      parts.push(part);
    }
  } catch (error) {
    throw noAnswer(server, error);
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(parts).toString();
}
function parsed(text, server) {
  try {
    const value = JSON.parse(text);
    return value;
  } catch (error) {
    throw noAnswer(server, new Error("its answer is not JSON", { cause: error }));
  }
}

// src/engines/kubernetes/paths.ts
function pathOf(resource2, namespace, ...rest) {
  const { group, version, plural, namespaced } = resource2;
  const root = group === "" ? ["api", version] : ["apis", group, version];
  const place = namespaced ? ["namespaces", namespace] : [];
  return `/${[...root, ...place, plural, ...rest].map(encodeURIComponent).join("/")}`;
}
function query(values) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value === void 0) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

// src/engines/kubernetes/web-socket.ts
var HANDSHAKE_MS = 3e4;
var PING_MS = 3e4;
async function openSocket(connection, path, protocols) {
  const given = await credentials(connection.credentials());
  try {
    return await open(connection, { path, protocols, given });
  } catch (error) {
    if (!isClusterError(error, 401)) throw error;
    return open(connection, { path, protocols, given: await credentials(connection.renewed(given)) });
  }
}
async function open({ server }, { path, protocols, given }) {
  const { WebSocket } = await import("ws");
  const { headers, agent } = given;
  const socket = new WebSocket(server.replace(/^http/, "ws") + path, protocols, {
    ...{ agent, headers, perMessageDeflate: false, handshakeTimeout: HANDSHAKE_MS }
  });
  return new Promise((resolve, reject) => {
    socket.once("unexpected-response", (_, answer) => {
      refused(answer, server).then(reject, reject).finally(() => socket.terminate());
    });
    socket.once("open", () => {
      socket.pause();
      const ping = setInterval(() => socket.ping(), PING_MS).unref();
      socket.once("close", () => clearInterval(ping));
      resolve(socket);
    });
    socket.on("error", (error) => reject(noAnswer(server, error)));
  });
}
function frameOf(data) {
  if (!Buffer.isBuffer(data) || data.length === 0) return null;
  return { channel: data.readUInt8(0), bytes: data.subarray(1) };
}
var LARGEST = 64 * 1024;
async function sendFrame(socket, channel, bytes) {
  for (let from = 0; from < bytes.length || from === 0; from += LARGEST) {
    const message = Buffer.concat([Buffer.of(channel), bytes.subarray(from, from + LARGEST)]);
    await new Promise((resolve, reject) => {
      socket.send(message, (error) => error ? reject(error) : resolve());
    });
  }
}

// src/engines/kubernetes/exec.ts
var PROTOCOL = "v5.channel.k8s.io";
var [STDIN, STDOUT, STDERR, STATUS, CLOSE] = [0, 1, 2, 3, 255];
var OUTPUT_KEPT = 64 * 1024;
async function runProgram(connection, path, { container, command, stdin, signal }) {
  signal.throwIfAborted();
  const asked = query({ container, command, stdin: stdin !== null, stdout: true, stderr: true });
  const socket = await openSocket(connection, path + asked, [PROTOCOL]);
  const output = createTail(OUTPUT_KEPT);
  try {
    const ended = endOf(socket, connection.server, output);
    const aborted = abortOf(signal);
    const fed = stdin === null ? void 0 : fedOrFailed(socket, stdin);
    socket.resume();
    const status = await Promise.race([ended, aborted.reason, ...fed ? [fed] : []]).finally(aborted.forget);
    return { code: exitCode(status), output: output.text() };
  } finally {
    stdin?.destroy();
    socket.terminate();
  }
}
function endOf(socket, server, output) {
  return new Promise((resolve, reject) => {
    socket.on("message", (data) => {
      const frame = frameOf(data);
      if (frame?.channel === STDOUT || frame?.channel === STDERR) output.add(frame.bytes);
      if (frame?.channel !== STATUS) return;
      const status = statusOf(frame.bytes.toString()) ?? asStatus(frame.bytes.toString());
      resolve(status);
    });
    socket.once(
      "close",
      (code) => reject(noAnswer(server, new Error(`the connection to the program broke (${code})`)))
    );
  });
}
function asStatus(text) {
  try {
    const value = JSON.parse(text);
    return value;
  } catch {
    return { status: "Failure", reason: "InternalError", message: text.slice(0, 300) };
  }
}
async function fedOrFailed(socket, stdin) {
  const never = new Promise(() => void 0);
  for await (const chunk of stdin) {
    const sent = await sendFrame(socket, STDIN, Buffer.from(chunk)).then(
      () => true,
      () => false
    );
    if (!sent) return never;
  }
  await sendFrame(socket, CLOSE, Buffer.of(STDIN)).catch(() => void 0);
  return never;
}
function abortOf(signal) {
  let forget = () => {
  };
  const reason = new Promise((_, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    forget = () => signal.removeEventListener("abort", abort);
  });
  return { reason, forget };
}
function exitCode(status) {
  if (status.status === "Success") return 0;
  const cause = status.details?.causes?.find(({ reason }) => reason === "ExitCode");
  const code = Number(cause?.message);
  if (status.reason === "NonZeroExitCode" && Number.isInteger(code)) return code;
  throw new ClusterError(
    status.code ?? 500,
    status.reason ?? "InternalError",
    status.message ?? "the program could not be run"
  );
}
function createTail(limit) {
  let kept = Buffer.alloc(0);
  return {
    add(bytes) {
      kept = Buffer.concat([kept, bytes]);
      if (kept.length > limit) kept = Buffer.from(kept.subarray(kept.length - limit));
    },
    text: () => kept.toString()
  };
}

// src/engines/kubernetes/forward.ts
import { Duplex } from "node:stream";
var PROTOCOL2 = "v4.channel.k8s.io";
var [DATA, ERROR] = [0, 1];
var PORT_BYTES = 2;
async function openForward(connection, path) {
  const socket = await openSocket(connection, path, [PROTOCOL2]);
  const stream = new Duplex({
    read: () => socket.resume(),
    write: (chunk, _, done) => {
      sendFrame(socket, DATA, chunk).then(() => done(), done);
    },
    // The protocol cannot end one direction alone.
    final: (done) => {
      socket.close();
      done();
    },
    destroy: (error, done) => {
      socket.terminate();
      done(error);
    }
  });
  receive(socket, stream);
  return stream;
}
function receive(socket, stream) {
  const begun = /* @__PURE__ */ new Set();
  socket.on("message", (data) => {
    const frame = frameOf(data);
    if (frame === null) return;
    const bytes = begun.has(frame.channel) ? frame.bytes : frame.bytes.subarray(PORT_BYTES);
    begun.add(frame.channel);
    if (bytes.length === 0) return;
    if (frame.channel === ERROR)
      stream.destroy(new ClusterError(0, "PortForward", bytes.toString().slice(0, 1e3)));
    else if (frame.channel === DATA && !stream.push(bytes)) socket.pause();
  });
  socket.once("close", () => {
    if (!stream.destroyed) stream.push(null);
  });
  socket.resume();
}

// src/engines/kubernetes/list.ts
var PAGE = 500;
var MOST_STARTS = 3;
async function listAll(asker, path, options) {
  for (let start = 1; ; start++) {
    try {
      return await pages(asker, path, { ...options, limit: start > MOST_STARTS ? void 0 : PAGE });
    } catch (error) {
      if (!isClusterError(error, 410) || start > MOST_STARTS) throw error;
    }
  }
}
async function pages(asker, path, options) {
  const { labelSelector, fieldSelector, limit, signal } = options;
  const items = [];
  let resourceVersion = "";
  let next;
  do {
    const page = await asker.json({
      method: "GET",
      path: path + query({ labelSelector, fieldSelector, limit, continue: next }),
      ...signal && { signal }
    });
    items.push(...page.items ?? []);
    resourceVersion = page.metadata?.resourceVersion ?? resourceVersion;
    next = page.metadata?.continue || void 0;
  } while (next !== void 0);
  return { items, resourceVersion };
}

// src/engines/kubernetes/json-lines.ts
var NEWLINE = 10;
async function* jsonLines(stream) {
  let rest = [];
  for await (const chunk of stream) {
    const bytes = chunk;
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      const line = Buffer.concat([...rest, bytes.subarray(from, end)]).toString();
      rest = [];
      from = end + 1;
      if (line.trim() !== "") yield JSON.parse(line);
    }
    if (from < bytes.length) rest.push(bytes.subarray(from));
  }
  if (rest.length > 0) throw new SyntaxError("the stream ends within a line");
}

// src/engines/kubernetes/watch-stream.ts
var WATCH_S = 300;
var MARGIN_MS = 15e3;
async function* watchPath({ asker, server }, path, options) {
  const { labelSelector, fieldSelector, resourceVersion, signal, timeoutSeconds = WATCH_S } = options;
  const asked = { labelSelector, fieldSelector, resourceVersion, timeoutSeconds };
  const silentMs = timeoutSeconds * 1e3 + MARGIN_MS;
  const cutter = new AbortController();
  const cut = () => cutter.abort(timedOut(server, "sent nothing through a watch", silentMs));
  let timer = setTimeout(cut, silentMs);
  try {
    const answer = await asker.stream({
      method: "GET",
      path: path + query({ ...asked, watch: true, allowWatchBookmarks: true }),
      once: true,
      signal: AbortSignal.any([signal, cutter.signal])
    });
    for await (const line of jsonLines(answer)) {
      clearTimeout(timer);
      timer = setTimeout(cut, silentMs);
      const event = eventOf(line, server);
      if (event !== null) yield event;
    }
  } catch (error) {
    if (signal.aborted) return;
    throw cutter.signal.aborted ? cutter.signal.reason : noAnswer(server, error);
  } finally {
    clearTimeout(timer);
  }
}
function eventOf(line, server) {
  const { type, object } = lineOf(line);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      if (object === void 0) throw noAnswer(server, new Error(`a watch event ${type} without an object`));
      return { type, object };
    case "BOOKMARK":
      return { type, resourceVersion: object?.metadata?.resourceVersion ?? "" };
    case "ERROR":
      throw isStatus(object) ? new Refusal(object, object.code ?? 500, null) : noAnswer(server, new Error("the watch reports an error without a Status"));
    default:
      return null;
  }
}
function lineOf(line) {
  return typeof line === "object" && line !== null ? line : {};
}

// src/engines/kubernetes/http-cluster.ts
var MANAGER = "aichor";
var RAW_MS = 1e4;
function createCluster(connection, { log = SILENT, chance } = {}) {
  const asker = createAsker({ connection, log, ...chance && { chance } });
  const { server, namespace } = connection;
  const at = (resource2, ...rest) => pathOf(resource2, namespace, ...rest);
  const pod2 = (name, part) => `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}/${part}`;
  return {
    ...{ server, namespace },
    get: (resource2, name) => orNull(asker.json({ method: "GET", path: at(resource2, name) })),
    list: (resource2, options = {}) => listAll(asker, at(resource2), options),
    apply: (resource2, object, { dryRun = false } = {}) => withoutValues(
      resource2,
      object,
      applied(asker, { resource: resource2, object, dryRun, path: at(resource2, nameOf(object)) })
    ),
    create: (resource2, object) => withoutValues(
      resource2,
      object,
      asker.json({
        method: "POST",
        path: at(resource2) + query({ fieldManager: MANAGER }),
        body: typed(resource2, object)
      })
    ),
    patch: (resource2, name, change) => orNull(
      asker.json({
        method: "PATCH",
        path: at(resource2, name) + query({ fieldManager: MANAGER }),
        body: change,
        contentType: "application/merge-patch+json"
      })
    ),
    remove: (resource2, name, options = {}) => removed(asker, at(resource2, name), options),
    watch: (resource2, options) => watchPath({ asker, server }, at(resource2), options),
    log: (name, options) => asker.stream({ method: "GET", path: pod2(name, "log") + logQuery(options), signal: options.signal }),
    exec: (name, options) => runProgram(connection, pod2(name, "exec"), options),
    forward: (name, port) => openForward(connection, pod2(name, "portforward") + query({ ports: port })),
    may: (attributes) => allowed(asker, namespace, attributes),
    request: (path, options = {}) => raw(connection, path, options),
    close: () => connection.close()
  };
}
var SILENT = { info: () => void 0 };
function applied(asker, { resource: resource2, object, dryRun, path }) {
  const asked = { fieldManager: MANAGER, fieldValidation: "Strict", dryRun: dryRun ? "All" : void 0 };
  return asker.json({
    method: "PATCH",
    path: path + query(asked),
    body: typed(resource2, object),
    // JSON is YAML.
    contentType: "application/apply-patch+yaml"
  });
}
async function removed(asker, path, options) {
  const { propagation = "Background", uid, graceSeconds } = options;
  const body = {
    ...{ apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: propagation },
    ...uid !== void 0 && { preconditions: { uid } },
    ...graceSeconds !== void 0 && { gracePeriodSeconds: graceSeconds }
  };
  try {
    return await orNull(asker.json({ method: "DELETE", path, body, once: false })) !== null;
  } catch (error) {
    if (uid !== void 0 && isClusterError(error, 409)) return false;
    throw error;
  }
}
function logQuery({ container, follow, timestamps, sinceTime }) {
  return query({ container, follow, timestamps, sinceTime });
}
async function allowed(asker, own, attributes) {
  const { verb, resource: resource2, subresource, namespace = own } = attributes;
  const where = resource2.namespaced && namespace !== null ? { namespace } : {};
  const asked = {
    verb,
    group: resource2.group,
    resource: resource2.plural,
    ...subresource && { subresource },
    ...where
  };
  const review = await asker.json({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: asked }
    }
  });
  return review.status?.allowed === true;
}
function raw(connection, path, { patient = false, ...options }) {
  return send(connection, { method: "GET", path, answerMs: patient ? null : RAW_MS, ...options });
}
async function orNull(asked) {
  try {
    return await asked;
  } catch (error) {
    if (isClusterError(error, 404) && error.reason === "NotFound") return null;
    throw error;
  }
}
async function withoutValues(resource2, object, asked) {
  try {
    return await asked;
  } catch (error) {
    const quotes = isClusterError(error) && [400, 422, 500].includes(error.status);
    if (!quotes || resource2.kind !== "Secret") throw error;
    const { status, reason } = error;
    throw new ClusterError(status, reason, `the API server refuses Secret ${nameOf(object)}: ${reason}`);
  }
}
function nameOf({ metadata }) {
  if (metadata?.name === void 0) throw new TypeError("an object without a name cannot be applied");
  return metadata.name;
}
function typed(resource2, object) {
  const { group, version, kind } = resource2;
  return { ...object, apiVersion: group === "" ? version : `${group}/${version}`, kind };
}

// src/engines/kubernetes/objects.ts
function resource(group, version, plural, kind, namespaced = true) {
  return { group, version, plural, kind, namespaced };
}
var RESOURCES = {
  pods: resource("", "v1", "pods", "Pod"),
  events: resource("", "v1", "events", "Event"),
  secrets: resource("", "v1", "secrets", "Secret"),
  services: resource("", "v1", "services", "Service"),
  claims: resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
  nodes: resource("", "v1", "nodes", "Node", false),
  namespaces: resource("", "v1", "namespaces", "Namespace", false),
  jobs: resource("batch", "v1", "jobs", "Job"),
  deployments: resource("apps", "v1", "deployments", "Deployment"),
  jobsets: resource("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet"),
  rayjobs: resource("ray.io", "v1", "rayjobs", "RayJob"),
  rayclusters: resource("ray.io", "v1", "rayclusters", "RayCluster"),
  storageClasses: resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", false),
  definitions: resource(
    "apiextensions.k8s.io",
    "v1",
    "customresourcedefinitions",
    "CustomResourceDefinition",
    false
  ),
  localQueues: resource("kueue.x-k8s.io", "v1beta1", "localqueues", "LocalQueue"),
  workloads: resource("kueue.x-k8s.io", "v1beta1", "workloads", "Workload")
};

// test/k1-try.ts
import { Readable as Readable2 } from "node:stream";
var c = await openConnection({ kind: "kubeconfig", file: "/tmp/lab/state/kubeconfig", context: null, namespace: "k1-try" });
var k = createCluster(c, { log: { info: (f, m) => console.log("LOG", m, f) } });
console.log(k.server);
await k.apply(RESOURCES.namespaces, { metadata: { name: "k1-try" } });
console.log((await k.list(RESOURCES.nodes)).items.map((n) => n.metadata?.name));
console.log("may", await k.may({ verb: "create", resource: RESOURCES.jobsets }), await k.may({ verb: "get", resource: RESOURCES.pods, subresource: "exec", namespace: null }));
console.log("get", await k.get(RESOURCES.pods, "nope"));
for (const r of [RESOURCES.localQueues, RESOURCES.workloads]) {
  try {
    console.log(await k.list(r));
  } catch (e) {
    console.log(e.name, e.status, e.reason, e.message);
  }
  try {
    console.log(await k.get(r, "x"));
  } catch (e) {
    console.log(e.status, e.reason, e.message);
  }
}
var pod = { metadata: { name: "p", labels: { "aichor.io/experiment-id": "x" } }, spec: { nodeName: "node1", terminationGracePeriodSeconds: 1, containers: [{ name: "main", image: "localhost/busybox:test", imagePullPolicy: "Never", command: ["sh", "-c", "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; busybox httpd -f -p 8080 -h /etc"] }] } };
var a = await k.apply(RESOURCES.pods, pod);
var b = await k.apply(RESOURCES.pods, pod);
console.log("applied", a.metadata.resourceVersion, b.metadata.resourceVersion, a.metadata.uid === b.metadata.uid);
var ac = new AbortController();
var l = await k.list(RESOURCES.pods);
var watching = (async () => {
  let n = 0;
  for await (const e of k.watch(RESOURCES.pods, { resourceVersion: l.resourceVersion, signal: ac.signal, timeoutSeconds: 60 })) {
    n++;
    console.log("ev", e.type, e.type !== "BOOKMARK" ? e.object.status?.phase : e.resourceVersion);
  }
  console.log("watch over", n);
})();
for (; ; ) {
  const p = await k.get(RESOURCES.pods, "p");
  if (p.status.phase === "Running") break;
  await new Promise((r) => setTimeout(r, 200));
}
var lg = await k.log("p", { container: "main", follow: true, timestamps: true, signal: ac.signal });
lg.on("data", (d) => process.stdout.write("LOGDATA " + d));
lg.on("error", (e) => console.log("log error", e.message));
lg.on("close", () => console.log("log closed"));
console.log(await k.exec("p", { container: "main", command: ["sh", "-c", "wc -c; exit 7"], stdin: Readable2.from((function* () {
  const c2 = Buffer.alloc(1 << 20, "x");
  for (let i = 0; i < 50; i++) yield c2;
})()), signal: ac.signal }));
console.log("rss", process.memoryUsage().rss / 1e6);
console.log(await k.exec("p", { container: "main", command: ["cat"], stdin: Readable2.from([]), signal: ac.signal }));
console.log(await k.exec("p", { container: "main", command: ["sh", "-c", "head -c 10; echo err >&2"], stdin: Readable2.from((function* () {
  const c2 = Buffer.alloc(1 << 20, "x");
  for (let i = 0; i < 50; i++) yield c2;
})()), signal: ac.signal }));
for (const [cmd, cont] of [[["nope"], "main"], [["true"], "other"]]) await k.exec("p", { container: cont, command: cmd, stdin: null, signal: ac.signal }).then(console.log, (e) => console.log("exec:", e.status, e.reason, e.message));
await k.exec("nopod", { container: "main", command: ["true"], stdin: null, signal: ac.signal }).catch((e) => console.log("exec:", e.status, e.reason, e.message));
var s = await k.forward("p", 8080);
s.write("GET /hostname HTTP/1.0\r\n\r\n");
for await (const d of s) process.stdout.write("FWD " + d);
var s2 = await k.forward("p", 8081);
s2.write("x");
s2.on("data", (d) => console.log("?", d));
await new Promise((r) => {
  s2.on("error", (e) => {
    console.log("fwd err", e.message);
    r(0);
  });
  s2.on("close", r);
});
await k.forward("nopod", 8081).catch((e) => console.log("fwd:", e.status, e.reason, e.message));
await k.apply(RESOURCES.pods, { ...pod, spec: { ...pod.spec, foo: 1 } }).catch((e) => console.log("apply:", e.status, e.reason, e.message));
await k.apply(RESOURCES.secrets, { metadata: { name: "s" }, data: { a: "!!notbase64 secretvalue" } }).catch((e) => console.log("apply:", e.status, e.reason, e.message));
await k.apply(RESOURCES.secrets, { metadata: { name: "s" }, stringData: { a: 5, "b c": "topsecret" } }).catch((e) => console.log("apply:", e.status, e.reason, e.message));
console.log(await k.remove(RESOURCES.pods, "p", { uid: "00000000-0000-0000-0000-000000000000" }), await k.remove(RESOURCES.pods, "p", { uid: a.metadata.uid }), await k.remove(RESOURCES.pods, "nix"));
for (; ; ) {
  if (await k.get(RESOURCES.pods, "p") === null) break;
  await new Promise((r) => setTimeout(r, 200));
}
ac.abort();
await watching;
var v = await k.request("/version");
for await (const d of v) console.log(String(d).slice(0, 60));
await k.remove(RESOURCES.namespaces, "k1-try");
k.close();
console.time("exit");
process.on("exit", () => console.timeEnd("exit"));
