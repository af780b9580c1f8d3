// Refreshes the progress of an import until it is done; then the page shows its result.
const SLOWEST_MS = 15000;
const FIRST_MS = 300; // a small file is done before the first second is over
const watch = document.getElementById("watch");
const EVERY_MS = Number(watch.dataset.every) || 1500;
let wait = FIRST_MS;
let calm = FIRST_MS;

async function refresh() {
  try {
    const answer = await fetch(watch.dataset.from, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("progress");
    if (!fresh || fresh.dataset.done) {
      location.reload();
      return;
    }
    watch.replaceChildren(document.adoptNode(fresh));
    calm = Math.min(calm * 1.5, EVERY_MS);
    wait = calm;
  } catch {
    wait = Math.min(wait * 2, SLOWEST_MS); // a busy service is asked less often
  }
  setTimeout(refresh, wait);
}

setTimeout(refresh, wait);
