"use strict";
// The date of a company's page as a slider: what it changes is fetched as the page has it, and put
// in its place; the address keeps the question.

const slider = document.getElementById("day");
const form = document.getElementById("ask");

if (slider && form) {
  const DAY = 86_400_000;
  const first = Date.parse(slider.dataset.first + "T00:00:00Z");
  const field = form.elements.as_of;
  const words = new Intl.DateTimeFormat("en-GB", {dateStyle: "medium", timeZone: "UTC"});
  let waiting = 0;
  let latest = 0;

  const address = () => {
    const given = [...new FormData(form)].filter(([, value]) => value);
    const query = new URLSearchParams(given).toString();
    return query ? form.action + "?" + query : form.action;
  };

  const show = async () => {
    const number = ++latest;
    const url = address();
    const answer = await fetch(url, {headers: {accept: "text/html"}});
    if (!answer.ok || number !== latest) {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== latest) {
      return;
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.getElementById(part.id);
      if (fresh) {
        part.replaceWith(fresh);
      }
    }
    for (const link of ["certificate", "json", "csv"]) {
      document.getElementById(link).href = page.getElementById(link).href;
    }
    document.title = page.title;
    history.replaceState(null, "", url);
  };

  slider.addEventListener("input", () => {
    const day = new Date(first + Number(slider.value) * DAY);
    field.value = day.toISOString().slice(0, 10);
    slider.setAttribute("aria-valuetext", words.format(day));
    const at = Number(slider.value) * 100 / Number(slider.max) + "%";
    for (const line of document.querySelectorAll(".timeline .now")) {
      line.setAttribute("x1", at);
      line.setAttribute("x2", at);
    }
    clearTimeout(waiting);
    waiting = setTimeout(show, 150);
  });
}
