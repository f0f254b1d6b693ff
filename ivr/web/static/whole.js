// A page of which a part was lost on the way is fetched again: cut off in the middle, or without its script.
// It stands alone and comes first, so that it is there when the others are not.
(() => {
  const SOON = 1000; // milliseconds; everything has been tried and something failed
  const PATIENCE = 15000; // for a page that was cut off without a word
  const TIMES = 8; // a page that fails for another reason must not be fetched for ever
  if (!("noModule" in HTMLScriptElement.prototype)) return; // page.js will never run here: the forms work without it
  const again = () => {
    if (document.documentElement.dataset.works) return;
    try {
      const tried = Number(sessionStorage.getItem("duet.tried"));
      if (tried >= TIMES) return;
      sessionStorage.setItem("duet.tried", tried + 1);
    } catch { return; } // nothing can be counted here
    location.replace("/v/call");
  };
  addEventListener("load", () => setTimeout(again, SOON));
  setTimeout(again, PATIENCE);
})();
