// Reads a profile's sample again while somebody edits it, after a short pause in typing.
const form = document.getElementById("profile");
const RESTED_MS = 400;
let waiting;
let asked = 0;

async function read() {
  const mine = ++asked;
  const answer = await fetch(form.dataset.sample, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("sample");
  const wrong = page.querySelector(".wrong-form");
  // A later answer may have come before this one.
  if (mine !== asked) return;
  if (wrong) document.getElementById("sample").replaceChildren(document.adoptNode(wrong));
  else if (fresh) document.getElementById("sample").replaceChildren(...document.adoptNode(fresh).childNodes);
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  if (form.elements.sample.value.trim()) waiting = setTimeout(() => read().catch(() => {}), RESTED_MS);
});
