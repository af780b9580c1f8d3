// Sends a file from the browser to the bucket: chosen, dropped, or made of pasted cells.
const drop = document.getElementById("drop");
const input = document.getElementById("file");
const pasteBox = document.getElementById("paste-box"); // only on the page for imports
const paste = document.getElementById("paste");
const sending = document.getElementById("sending");
const failure = document.getElementById("failure");
const bar = document.getElementById("sent");
const barText = document.getElementById("sent-text");

drop.hidden = false;
if (pasteBox) pasteBox.hidden = false;

async function begin(file) {
  failure.hidden = true;
  sending.hidden = false;
  drop.classList.add("busy");
  document.getElementById("sending-name").textContent = file.name;
  show(0, file.size);
  try {
    const announced = await announce(file.name);
    await post(announced.upload, file);
    location.assign(announced.next);
  } catch (error) {
    sending.hidden = true;
    drop.classList.remove("busy");
    failure.textContent = error.message || failure.dataset.text;
    failure.hidden = false;
    input.value = "";
  }
}

async function announce(filename) {
  const answer = await fetch(drop.dataset.ticket, {
    method: "POST",
    body: new URLSearchParams({ filename }),
  }).catch(() => {
    throw new Error(failure.dataset.text);
  });
  const text = await answer.text();
  if (answer.ok) return JSON.parse(text);
  // The console answers with a page that says what happened: show that.
  const page = new DOMParser().parseFromString(text, "text/html");
  const title = page.querySelector(".problem h1")?.textContent.trim();
  const sentences = [...page.querySelectorAll(".problem p:not(.actions)")].map((p) => p.textContent.trim());
  throw new Error([title && `${title}.`, ...sentences].filter(Boolean).join(" "));
}

function post(upload, file) {
  const form = new FormData();
  for (const [name, value] of Object.entries(upload.fields)) form.append(name, value);
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => show(event.loaded, event.total));
    request.addEventListener("load", () =>
      request.status < 300 ? resolve() : reject(new Error(failure.dataset.text)));
    request.addEventListener("error", () => reject(new Error(failure.dataset.text)));
    request.open("POST", upload.url);
    request.send(form);
  });
}

function show(sent, total) {
  const percent = total ? Math.floor((100 * sent) / total) : 0;
  bar.value = percent;
  barText.textContent = `${percent} %`;
}

input.addEventListener("change", () => input.files[0] && begin(input.files[0]));

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  drop.addEventListener(kind, () => drop.classList.remove("over"));
}
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) begin(file);
});

// A file that is dropped beside the zone must not replace the page.
for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (event) => event.preventDefault());
}

document.getElementById("paste-go")?.addEventListener("click", () => {
  if (paste.value.trim()) begin(new File([paste.value], "pasted.csv", { type: "text/csv" }));
  else paste.focus();
});
