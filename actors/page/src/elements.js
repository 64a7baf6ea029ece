// Pieces of the page. Text always becomes text nodes: nothing that a client, a scene or a file says is read as HTML.

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

// columns: [title, row => text or element, "number"?]
export function table(columns, rows, empty) {
  if (rows.length === 0) return make("p", { class: "faint" }, empty);
  const head = columns.map(([title, , kind]) => make("th", { class: kind ?? "" }, title));
  const line = (row) => make("tr", {}, ...columns.map(([, cell, kind]) => make("td", { class: kind ?? "" }, cell(row) ?? "")));
  return make(
    "div",
    { class: "scroll" },
    make("table", {}, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows.map(line))),
  );
}

export const figures = (pairs) =>
  make("div", { class: "figures" }, ...pairs.map(([name, value]) => make("div", { class: "figure" }, make("b", {}, value), name)));

const VERDICTS = { attested: "good", disputed: "bad" };
export const verdict = (text) => make("span", { class: `badge ${VERDICTS[text?.split(" ")[0]] ?? ""}` }, text ?? "unchecked");

export const short = (id) => make("code", { title: id }, String(id).slice(0, 10));

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
export const count = (value) => (value === undefined || value === null ? "" : number.format(value));

export function span(seconds) {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${number.format(seconds / 3600)} h`;
}
