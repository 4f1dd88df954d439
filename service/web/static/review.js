"use strict";
// Keys on the queue of review, for who decides many; everything can be done without them.
{
  const questions = [...document.querySelectorAll("article.question")];
  const box = document.querySelector("#keys input");
  const kept = "standing-review-keys";
  if (box) {
    box.parentElement.hidden = false;
    box.checked = localStorage.getItem(kept) !== "off";
    box.addEventListener("change", () => localStorage.setItem(kept, box.checked ? "on" : "off"));
  }

  const current = () => document.activeElement?.closest("article.question");

  const go = (step) => {
    const at = questions.indexOf(current());
    const next = questions[Math.min(Math.max(at + step, 0), questions.length - 1)];
    next?.focus();
    next?.scrollIntoView({block: "start"});
  };

  const intend = (verdict) => {
    const question = current() ?? questions[0];
    const button = question?.querySelector(`button[value="${verdict}"]`);
    if (!button) return;
    const form = button.form;
    form.dataset.verdict = verdict;
    form.querySelector(".said").textContent =
      verdict === "accepted" ? "Enter accepts" : "Enter refuses";
    form.elements.why.focus();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const field = event.target.closest("input, select, textarea");
    if (field) {
      const form = field.closest("form.decide");
      if (form && event.key === "Escape") form.closest("article").focus();
      if (form && event.key === "Enter" && field.tagName === "INPUT" && form.dataset.verdict) {
        event.preventDefault();
        form.requestSubmit(form.querySelector(`button[value="${form.dataset.verdict}"]`));
      }
      return;
    }
    if (box && !box.checked) return;
    const act = {j: () => go(1), k: () => go(-1), a: () => intend("accepted"), r: () => intend("refused")}[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });

  // Who decides is said once.
  const names = [...document.querySelectorAll("form.decide input[name=by]")];
  for (const name of names) {
    name.addEventListener("change", () => names.forEach((other) => { other.value = name.value; }));
  }
}
