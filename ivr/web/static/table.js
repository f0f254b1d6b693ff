// The live table of turns: asks for the rows above the newest it has and puts them on top.

const LONGEST = 400; // rows kept on the page

export const newest = () => Number(document.getElementById("lines").dataset.newest || 0);

export async function moreLines(url) {
  const reply = await fetch(`${url}?after=${newest()}`, { cache: "no-store" });
  if (!reply.ok) return;
  const table = new DOMParser().parseFromString(`<table>${await reply.text()}</table>`, "text/html");
  const fresh = table.getElementById("lines");
  const lines = document.getElementById("lines");
  for (const row of [...fresh.rows].reverse()) {
    if (Number(row.dataset.id) <= newest()) continue;
    row.classList.add("fresh");
    lines.prepend(row);
    lines.dataset.newest = row.dataset.id;
  }
  while (lines.rows.length > LONGEST) lines.deleteRow(-1);
}
