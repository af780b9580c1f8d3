// Shows every time in the viewer's own zone; the instant in UTC stays in its title.
const shape = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const thisYear = new Date().getFullYear();

function localize(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const when = new Date(element.dateTime);
    const year = when.getFullYear() === thisYear ? undefined : "numeric";
    element.textContent = when.toLocaleString(undefined, { ...shape, year });
  }
}

localize(document);
