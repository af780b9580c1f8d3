// The grid of lines to fix: takes a suggestion, or all like it, by a click; keys as in a spreadsheet.
const grid = document.getElementById("grid");
const changed = document.getElementById("changed");

const cellOf = (box) => box.closest("td").querySelector("input:not([type=hidden]):not([type=checkbox])");
const wasOf = (cell) => cell.closest("td").querySelector("input[type=hidden]").value;

function take(box, taken) {
  const cell = cellOf(box);
  box.checked = taken;
  cell.value = taken ? box.value : box.dataset.was;
  mark(cell);
}

function mark(cell) {
  const isChanged = cell.value !== wasOf(cell);
  cell.classList.toggle("changed", isChanged);
  if (cell.closest("td").classList.contains("wrong")) {
    cell.setAttribute("aria-invalid", String(!isChanged));
  }
}

function count() {
  const rows = new Set([...grid.querySelectorAll("input.changed, .keep input:checked")].map((cell) => cell.closest("tr")));
  const text = rows.size === 1 ? changed.dataset.one : changed.dataset.many.replace("#", rows.size);
  changed.textContent = rows.size ? text : "";
}

// From a cell, the same column of the row above or below.
function move(cell, step) {
  const row = cell.closest("tr");
  const column = [...row.children].indexOf(cell.closest("td"));
  const next = step > 0 ? row.nextElementSibling : row.previousElementSibling;
  const target = next?.children[column]?.querySelector("input:not([type=hidden]):not([type=checkbox])");
  target?.focus();
  target?.select();
  return Boolean(target);
}

function onKey(event) {
  const cell = event.target;
  if (!cell.matches("input[name^='field.']")) return;
  const step = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1 }[event.key];
  if (step) {
    // Enter in the last row must not send half of the work; Ctrl+Enter sends all of it.
    event.preventDefault();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) grid.requestSubmit();
    else move(cell, step);
  } else if (event.key === "Escape") {
    cell.value = wasOf(cell);
    const box = cell.closest("td").querySelector("input[type=checkbox]");
    if (box) box.checked = false;
    mark(cell);
    count();
  }
}

function onInput(event) {
  const field = event.target;
  if (field.closest(".keep")) count();
  else if (field.type === "checkbox") take(field, field.checked);
  else {
    const box = field.closest("td").querySelector("input[type=checkbox]");
    if (box) box.checked = field.value === box.value;
    mark(field);
  }
  count();
}

// Takes the suggestions for which `isMeant` is true, except in cells that somebody has typed into.
function takeEvery(isMeant) {
  for (const box of grid.querySelectorAll("td:not(.why) input[type=checkbox]")) {
    if (isMeant(box) && cellOf(box).value === box.dataset.was) take(box, true);
  }
  count();
}

function onAlike(button) {
  const mine = button.closest("td").querySelector("input[type=checkbox]");
  takeEvery((box) => box.value === mine.value && box.dataset.was === mine.dataset.was);
}

if (grid) {
  for (const button of grid.querySelectorAll(".all-alike")) {
    button.hidden = false;
    button.addEventListener("click", () => onAlike(button));
  }
  const all = document.getElementById("take-all");
  if (all) {
    all.hidden = false;
    all.addEventListener("click", () => takeEvery(() => true));
  }
  grid.addEventListener("keydown", onKey);
  grid.addEventListener("input", onInput);
  for (const cell of grid.querySelectorAll("input[name^='field.']")) mark(cell);
  for (const box of grid.querySelectorAll("td:not(.why) input[type=checkbox]:checked")) take(box, true);
  count();
}
