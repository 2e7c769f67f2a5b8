/** Finds and loads a handler as Lambda's Node runtime does: the exact path, .js, .mjs, .cjs; "folder/file.export.inner". */
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const Module = require("node:module");
const { RuntimeError } = require("./node-errors.cjs");
const { HttpResponseStream, streamifyResponse, streamingMark } = require("./node-streaming.cjs");
const { pathToFileURL } = require("node:url");

const FORM = /^([^.]*)\.(.*)$/;
// Below this the cache costs more to carry than compiling costs.
const CACHE_FROM_BYTES = 16 * 1024;

/** The global of the runtime. */
exports.offerGlobals = (env, invokeStore) => {
  if (["1", "true"].includes(env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA)) return;
  globalThis.awslambda = {
    ...globalThis.awslambda,
    ...(invokeStore && { InvokeStore: invokeStore }),
    streamifyResponse,
    HttpResponseStream,
  };
};

/** Rejects with one of Lambda's named errors. `cache()` gives the V8 code cache once the code has run. */
exports.loadHandler = async (binding, cache) => {
  const { folder, file, names } = split(binding.handler);
  const found = await loadModule(path.resolve(binding.taskRoot, folder), file, binding, cache);
  const asked = binding.handler;
  // A module of nodejs24.x is imported, and what it exports may be members of its default.
  const target = memberOf(found.exports, names) || (!binding.isOld && memberOf(found.exports?.default, names));
  if (!target) throw new RuntimeError("HandlerNotFound", `${asked} is undefined or not exported`);
  if (typeof target !== "function") throw new RuntimeError("HandlerNotFound", `${asked} is not a function`);
  const mark = streamingMark(target);
  if (mark && mark !== "response")
    throw new RuntimeError("MalformedStreamingHandler", "Only response streaming is supported.");
  return { handler: target, isStreaming: mark === "response", ...(found.cache && { cache: found.cache }) };
};

function memberOf(module, names) {
  return names.reduce((inner, name) => inner && inner[name], module);
}

function split(handler) {
  if (handler.includes(".."))
    throw new RuntimeError(
      "MalformedHandlerName",
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  const base = path.basename(handler);
  const match = FORM.exec(base);
  if (match === null) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  return { folder: handler.slice(0, handler.indexOf(base)), file: match[1], names: match[2].split(".") };
}

/** The exact path, then .js, .mjs and .cjs, then wherever Node finds a package of that name. */
async function loadModule(folder, name, binding, cache) {
  const base = path.resolve(folder, name);
  try {
    const file = ["", ".js", ".mjs", ".cjs"]
      .map((ending) => base + ending)
      .find((candidate) => fs.existsSync(candidate));
    if (file === undefined) return { exports: require(resolved(name, folder, binding.taskRoot)) };
    // A folder of that name is a package for require; import refuses it.
    if (!isFile(file)) return { exports: binding.isOld ? require(file) : await import(pathToFileURL(file).href) };
    if (isModule(file, binding.taskRoot)) return { exports: await import(pathToFileURL(file).href) };
    return await loadCommon(file, cache);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", String(error), error);
    if (error?.code === "MODULE_NOT_FOUND") throw new RuntimeError("ImportModuleError", String(error), error);
    throw error;
  }
}

function resolved(name, folder, taskRoot) {
  try {
    return require.resolve(name, { paths: [taskRoot, folder] });
  } catch (error) {
    // The stack of requiring files is the runtime's own.
    error.message = `Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`;
    throw error;
  }
}

function isModule(file, taskRoot) {
  if (file.endsWith(".mjs")) return true;
  return file.endsWith(".js") && packageType(file, taskRoot) === "module";
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function packageType(file, root) {
  for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
    const found = path.join(folder, "package.json");
    if (isFile(found)) {
      try {
        return JSON.parse(fs.readFileSync(found, "utf8")).type;
      } catch {
        return undefined;
      }
    }
    if (folder === root || folder === path.dirname(folder)) return undefined;
  }
}

// A bundle of a megabyte compiles in 100 ms and loads in 40 with the cache that an earlier environment made.
async function loadCommon(file, cachedData) {
  if (fs.statSync(file).size < CACHE_FROM_BYTES) return requireAny(file);
  const script = compiled(file, cachedData);
  if (script === null) return requireAny(file);
  const module = new Module(file, null);
  module.filename = file;
  module.paths = Module._nodeModulePaths(path.dirname(file));
  Module._cache[file] = module;
  script
    .runInThisContext()
    .call(module.exports, module.exports, Module.createRequire(file), module, file, path.dirname(file));
  module.loaded = true;
  const isFresh = cachedData === undefined || script.cachedDataRejected === true;
  return { exports: module.exports, ...(isFresh && { cache: () => script.createCachedData() }) };
}

/** Null when it is no CommonJS: Node tells an ES module by its syntax, and says better what is wrong with either. */
function compiled(file, cachedData) {
  const source = fs.readFileSync(file, "utf8");
  try {
    return new vm.Script(Module.wrap(source.replace(/^#!.*/, "")), {
      filename: file,
      importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      ...(cachedData && { cachedData }),
    });
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** An ES module that awaits at its top cannot be required. */
async function requireAny(file) {
  try {
    return { exports: require(file) };
  } catch (error) {
    if (error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
    return { exports: await import(pathToFileURL(file).href) };
  }
}
