// The ops page: two live tables.
import { listen } from "./live.js";
import { moreLines, newest } from "./table.js";

async function wake() {
  await moreLines("/ops/lines");
  const reply = await fetch("/ops/calls", { cache: "no-store" });
  if (!reply.ok) return;
  const table = new DOMParser().parseFromString(`<table>${await reply.text()}</table>`, "text/html");
  document.getElementById("calls").replaceWith(table.getElementById("calls"));
}

listen({ events: "/ops/events" }, newest, wake, () => {});
