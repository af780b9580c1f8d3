// The list of accounts: one box for all of the page, and how many are ticked.
const form = document.getElementById("accounts");
const every = document.getElementById("every");
const ticked = document.getElementById("ticked");

function count(boxes) {
  const many = boxes.filter((box) => box.checked).length;
  every.checked = many === boxes.length;
  every.indeterminate = many > 0 && many < boxes.length;
  const text = many === 1 ? ticked.dataset.one : ticked.dataset.many.replace("#", many);
  ticked.textContent = many ? text : "";
}

if (form && every) {
  const boxes = [...form.querySelectorAll("input[name^='account.']")];
  every.hidden = false;
  every.addEventListener("change", () => {
    for (const box of boxes) box.checked = every.checked;
  });
  form.addEventListener("change", (event) => {
    if (event.target !== every && !boxes.includes(event.target)) return;
    form.elements.which.value = "ticked";
    count(boxes);
  });
  count(boxes);
}
