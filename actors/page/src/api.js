// What the server tells the page. Every answer is JSON but the poses of an episode, which are little-endian float32.

export class Refused extends Error {}

async function answer(path) {
  const response = await fetch(path, { headers: { accept: "application/json" } });
  if (!response.ok) {
    const text = await response.text();
    let message = text;
    try {
      message = JSON.parse(text).message ?? text;
    } catch {
      // An error page of something between: its text will do.
    }
    throw new Refused(`${path}: ${message || response.status}`);
  }
  return response;
}

export const json = async (path) => (await answer(path)).json();

export const floats = async (path) => {
  const bytes = await (await answer(path)).arrayBuffer();
  const view = new DataView(bytes);
  return Float32Array.from({ length: bytes.byteLength >> 2 }, (_, i) => view.getFloat32(4 * i, true));
};

// Calls `show` with what `load` gives, now and every so many seconds until the returned function is called. One request at a time.
export function watch(load, show, fail, seconds = 2) {
  let over = false;
  let timer;
  const turn = async () => {
    try {
      const value = await load();
      if (!over) show(value);
    } catch (error) {
      if (!over) fail(error);
    }
    if (!over) timer = setTimeout(turn, 1000 * seconds);
  };
  turn();
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
