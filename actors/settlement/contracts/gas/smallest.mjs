// The smallest fee of a session of which gas is at most so many percent, for each chain: from the gas that the tests measured
// (`snapshots/market.json`) and from gas prices, which are `prices.json` or given.
//
//   node gas/smallest.mjs [--percent 5] [--gwei 0.02]
//
// All numbers are integers of wei until they are shown. A sat is 10^10 wei.
import { readFileSync } from "node:fs";

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url)));
const options = new Map();
for (let i = 2; i < process.argv.length; i += 2) {
  const [name, value] = [process.argv[i], process.argv[i + 1]];
  if (!["--percent", "--gwei"].includes(name) || !/^\d+(\.\d{1,9})?$/.test(value ?? "")) {
    console.error(`${name} ${value ?? ""}: accepted are --percent NUMBER and --gwei NUMBER, with at most nine digits after the point`);
    process.exit(2);
  }
  options.set(name, value);
}

/** A decimal number, times 10^9. */
const nano = (text) => {
  const [whole, part = ""] = text.split(".");
  return BigInt(whole + part.padEnd(9, "0"));
};
const measured = read("../snapshots/market.json");
const gas = (name) => BigInt(measured[name]);
/** Both sides' transactions of a session from its opening to both withdrawals. */
const ways = {
  "alone": gas("open") + gas("claim") + gas("finalise") + 2n * gas("withdraw"),
  "alone, minting": gas("open, minting") + gas("draw a seed") + gas("claim") + gas("finalise, minting") + 2n * gas("withdraw"),
  "one of 30, minting":
    gas("open, minting") + gas("draw a seed") +
    (gas("claim, batch of 30") + gas("finalise, minting, batch of 30") + 2n * gas("withdraw")) / 30n,
};
const percent = nano(options.get("--percent") ?? "5");
const { read: date, chains } = read("./prices.json");
const given = options.get("--gwei");
const rows = given ? [{ chain: "given", coin: "coin", gwei: given, source: "the command line" }] : chains;

console.log(`Gas of a session: ${Object.entries(ways).map(([way, used]) => `${way} ${used}`).join("; ")}.`);
console.log(`Smallest fee of which that is at most ${options.get("--percent") ?? 5} %${given ? "" : `; gas prices as of ${date}`}:\n`);
console.log(`| chain | gas price, gwei | ${Object.keys(ways).join(" | ")} | gas price from |\n|---|---:|${"---:|".repeat(3)}---|`);
for (const { chain, coin, gwei, source } of rows) {
  const fees = Object.values(ways).map((used) => {
    const wei = (used * nano(gwei) * 100n * 10n ** 9n + percent - 1n) / percent;
    return coin === "ETH" ? `${wei / 10n ** 9n} gwei` : `${(wei + 10n ** 10n - 1n) / 10n ** 10n} sat`;
  });
  console.log(`| ${chain} | ${gwei} | ${fees.join(" | ")} | ${source} |`);
}
