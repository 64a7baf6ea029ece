// Writes what the Rust crate needs of the contracts into `../artifacts`, so that `cargo build` needs no Node: interfaces, code, and where in the
// code immutables are. With `--check` it writes nothing and fails where a fresh build says something else than what is committed.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DEPLOYED = ["Assets", "Companions", "Disputes", "Inputs", "Passes", "Providers", "Sessions", "Token", "Work"];
// Deployed by `Assets`.
const CREATED = ["Account", "Shares"];
const folder = fileURLToPath(new URL("../artifacts/", import.meta.url));

const build = (name) => JSON.parse(readFileSync(new URL(`out/${name}.sol/${name}.json`, import.meta.url)));

// The compiler names immutables by numbers that change with any file; what they are called is in the syntax trees.
const names = {};
const look = (node) => {
  if (node === null || typeof node !== "object") return;
  if (node.nodeType === "VariableDeclaration" && node.mutability === "immutable") names[node.id] = node.name;
  Object.values(node).forEach(look);
};
const out = fileURLToPath(new URL("out/", import.meta.url));
for (const file of readdirSync(out, { recursive: true })) {
  if (file.endsWith(".json") && file.includes(".sol")) look(JSON.parse(readFileSync(join(out, file))).ast);
}

// Structures and enumerations of libraries and interfaces become the contract's own: the Rust macro that reads this doesn't find what a structure of
// a library is made of.
const owned = (contract, origins, item) => {
  const rename = (parameter) => {
    const changed = { ...parameter };
    const [, kind, from, type] = /^(struct|enum) (\w+)\.(\w+.*)$/.exec(parameter.internalType) ?? [];
    if (kind) {
      const bare = type.replace(/\[.*/, "");
      if ((origins[bare] ??= from) !== from) throw new Error(`${contract}: ${bare} is of ${from} and of ${origins[bare]}`);
      changed.internalType = `${kind} ${contract}.${type}`;
    }
    if (parameter.components) changed.components = parameter.components.map(rename);
    return changed;
  };
  const changed = { ...item };
  for (const side of ["inputs", "outputs"]) if (item[side]) changed[side] = item[side].map(rename);
  return changed;
};

// One line an item of the interface, so that a change of it can be read.
const list = (items) => `[\n${items.map((item) => JSON.stringify(item)).join(",\n")}\n]`;

const files = {};
const immutables = {};
const errors = {};
for (const name of [...DEPLOYED, ...CREATED].sort()) {
  const { abi, bytecode, deployedBytecode } = build(name);
  if (Object.keys(bytecode.linkReferences).length > 0) throw new Error(`${name} needs to be linked`);
  const origins = {};
  const items = abi.map((item) => owned(name, origins, item));
  for (const item of items.filter(({ type }) => type === "error")) {
    // The first contract's names for its values count.
    errors[`${item.name}(${item.inputs.map(({ type }) => type)})`] ??= item;
  }
  const parts = [`"abi": ${list(items)}`];
  if (DEPLOYED.includes(name)) {
    parts.push(`"bytecode": "${bytecode.object}"`, `"deployedBytecode": "${deployedBytecode.object}"`);
    // Words that the constructor fills in: where in the code each is.
    immutables[name] = {};
    for (const [id, places] of Object.entries(deployedBytecode.immutableReferences)) {
      if (!names[id] || names[id] in immutables[name]) throw new Error(`${name} has an immutable without a name of its own: ${names[id]}`);
      if (places.some(({ length }) => length !== 32)) throw new Error(`${name}.${names[id]} is no word`);
      immutables[name][names[id]] = places.map(({ start }) => start).sort((a, b) => a - b);
    }
  }
  files[`${name}.json`] = `{\n${parts.join(",\n")}\n}\n`;
}
const lines = Object.entries(immutables).map(([name, places]) => {
  const sorted = Object.entries(places).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(name)}: {\n${sorted.map(([word, at]) => `  ${JSON.stringify(word)}: ${JSON.stringify(at)}`).join(",\n")}\n}`;
});
files["immutables.json"] = `{\n${lines.join(",\n")}\n}\n`;

// The Rust macro forgets which values are enumerations.
files["errors.json"] = `${list(Object.keys(errors).sort().map((signature) => errors[signature]))}\n`;

mkdirSync(folder, { recursive: true });
if (process.argv.includes("--check")) {
  const committed = readdirSync(folder);
  const read = (name) => (committed.includes(name) ? readFileSync(folder + name, "utf8") : undefined);
  const wrong = Object.keys(files).filter((name) => read(name) !== files[name]);
  wrong.push(...committed.filter((name) => !(name in files)));
  if (wrong.length > 0) {
    console.error(`artifacts that are not what the contracts give: ${wrong.join(", ")}. Run \`npm run artifacts\` and commit what it writes.`);
    process.exit(1);
  }
} else {
  for (const [name, text] of Object.entries(files)) writeFileSync(folder + name, text);
}
