/** Finds and loads a handler as Lambda's Node runtime does: the exact path, .js, .mjs, .cjs; "folder/file.export.inner". */
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");
const Module = require("node:module");
const { RuntimeError } = require("./node-errors.cjs");
const { pathToFileURL } = require("node:url");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const FORM = /^([^.]*)\.(.*)$/;
// Below this the cache costs more to carry than compiling costs.
const CACHE_FROM_BYTES = 16 * 1024;

/** Rejects with one of Lambda's named errors. `cache()` gives the V8 code cache once the code has run. */
// Code that streams says so with a global of the runtime; it must load, so that it can be refused by name.
globalThis.awslambda ??= {
  streamifyResponse: (handler) => {
    handler[STREAMING] = "response";
    return handler;
  },
  HttpResponseStream: { from: (stream) => stream },
};

exports.loadHandler = async (binding, cache) => {
  const { folder, file, names } = split(binding.handler);
  const found = await loadModule(path.resolve(binding.taskRoot, folder, file), binding, cache);
  let target = found.exports;
  for (const name of names) target = target?.[name];
  const asked = binding.handler;
  if (target === undefined || target === null)
    throw new RuntimeError("HandlerNotFound", `${asked} is undefined or not exported`);
  if (typeof target !== "function") throw new RuntimeError("HandlerNotFound", `${asked} is not a function`);
  if (target[STREAMING] === "response") {
    throw new RuntimeError(
      "MalformedStreamingHandler",
      "streaming handlers are not supported by Catamaran yet; return the whole response",
    );
  }
  return { handler: target, ...(found.cache && { cache: found.cache }) };
};

function split(handler) {
  if (handler.includes(".."))
    throw new RuntimeError(
      "MalformedHandlerName",
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  const base = path.basename(handler);
  const match = FORM.exec(base);
  if (match === null || match[1] === "" || match[2] === "")
    throw new RuntimeError("MalformedHandlerName", "Bad handler");
  return { folder: handler.slice(0, handler.lastIndexOf(base)), file: match[1], names: match[2].split(".") };
}

async function loadModule(base, binding, cache) {
  const file = ["", ".js", ".mjs", ".cjs"].map((ending) => base + ending).find(isFile);
  if (file === undefined) {
    const name = path.relative(binding.taskRoot, base);
    throw new RuntimeError(
      "ImportModuleError",
      `Error: Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`,
    );
  }
  try {
    if (file.endsWith(".mjs") || (!file.endsWith(".cjs") && packageType(file, binding.taskRoot) === "module")) {
      return { exports: await import(pathToFileURL(file).href) };
    }
    return loadCommon(file, cache);
  } catch (error) {
    if (error instanceof SyntaxError) throw new RuntimeError("UserCodeSyntaxError", String(error), error);
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND")
      throw new RuntimeError("ImportModuleError", String(error), error);
    throw error;
  }
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
function loadCommon(file, cachedData) {
  const size = fs.statSync(file).size;
  if (size < CACHE_FROM_BYTES) return { exports: require(file) };
  const source = fs.readFileSync(file, "utf8");
  const script = new vm.Script(Module.wrap(source.replace(/^#!.*/, "")), {
    filename: file,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(cachedData && { cachedData }),
  });
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
