// No column needs a person's choice: goes straight to the preview. Back leads to the columns.
const form = document.getElementById("columns");
history.replaceState(null, "", location.pathname);
form.requestSubmit(form.querySelector("button.main"));
