// A page that loads itself anew at the end of a run waits while something is typed in it.

const isTyped = (field) => {
  if (field.type === "checkbox") return field.checked !== field.defaultChecked;
  if (field.type !== "select-one") return field.value !== field.defaultValue;
  const first = [...field.options].findIndex((option) => option.defaultSelected);
  return field.selectedIndex !== Math.max(first, 0);
};

// htmx asks again after a while, and so does this.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Refresh") === null) return;
  if (![...document.querySelectorAll("input, select, textarea")].some(isTyped)) return;
  event.preventDefault();
  event.target.querySelector(".ended")?.removeAttribute("hidden");
});
