// The page's views by address: #/ #/scenes #/episodes #/session/ID #/episode/ID. A view returns what ends it.

import { live } from "./live.js";
import { episodes, scenes, sessions } from "./lists.js";
import { recorded } from "./recorded.js";

const VIEWS = { "": sessions, scenes, episodes, session: live, episode: recorded };

let end;
function go() {
  end?.();
  const [name = "", argument] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const view = document.getElementById("view");
  view.replaceChildren();
  end = (VIEWS[name] ?? sessions)(view, argument);
  const at = name === "" || name === "session" ? "#/" : name.startsWith("episode") ? "#/episodes" : `#/${name}`;
  for (const link of document.querySelectorAll("nav a")) link.classList.toggle("here", link.getAttribute("href") === at);
}

addEventListener("hashchange", go);
go();
