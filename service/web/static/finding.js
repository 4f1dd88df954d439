"use strict";
// Search as one types, after the combobox pattern of ARIA: the box keeps the focus, arrow keys
// move through what is found, Enter opens it, Escape puts it away. Without it, the form is sent.

const box = document.getElementById("q");

if (box && box.form) {
  const list = document.createElement("ul");
  const told = document.createElement("span");
  list.id = "found";
  list.className = "found";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Companies found");
  told.className = "hidden";
  told.setAttribute("role", "status");
  box.form.classList.add("finding");
  box.form.append(list, told);
  for (const [name, value] of Object.entries({
    "role": "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id,
  })) box.setAttribute(name, value);

  let asked = null;
  let active = -1;

  const options = () => [...list.querySelectorAll("[role=option]")];

  const close = () => {
    list.hidden = true;
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const move = (to) => {
    const all = options();
    if (list.hidden || !all.length) return;
    active = (to + all.length + 1) % (all.length + 1); // one step beyond the last is the box itself
    all.forEach((one, place) => one.setAttribute("aria-selected", String(place === active)));
    const chosen = all[active];
    if (chosen) {
      box.setAttribute("aria-activedescendant", chosen.id);
      chosen.scrollIntoView({block: "nearest"});
    } else {
      active = -1;
      box.removeAttribute("aria-activedescendant");
    }
  };

  const words = (status) => {
    const one = document.createElement("span");
    one.className = "status " + status;
    const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    mark.setAttribute("class", "mark");
    mark.setAttribute("aria-hidden", "true");
    use.setAttribute("href", "#mark-" + status);
    mark.append(use);
    one.append(mark, status.charAt(0).toUpperCase() + status.slice(1).replace("_", " "));
    return one;
  };

  const option = (company, place) => {
    const one = document.createElement("li");
    one.id = "found-" + place;
    one.setAttribute("role", "option");
    one.setAttribute("aria-selected", "false");
    one.dataset.href = "/companies/" + encodeURIComponent(company.company);
    const name = document.createElement("bdi");
    name.className = "name";
    name.textContent = company.name || company.company;
    const aside = document.createElement("bdi");
    aside.className = "aside";
    aside.textContent = company.matched || company.company;
    one.append(name, company.status ? words(company.status) : "", aside);
    return one;
  };

  const show = (answer) => {
    list.replaceChildren(...answer.companies.map(option));
    active = -1;
    box.removeAttribute("aria-activedescendant");
    const many = answer.companies.length;
    list.hidden = !many;
    box.setAttribute("aria-expanded", String(Boolean(many)));
    told.textContent = many ? many + (many === 1 ? " company found" : " companies found") : "Nothing found";
  };

  const ask = async () => {
    const text = box.value.trim();
    if (asked) asked.abort();
    if (!text) {
      close();
      told.textContent = "";
      return;
    }
    const mine = asked = new AbortController();
    try {
      const answer = await fetch("/search.json?limit=10&q=" + encodeURIComponent(text), {signal: mine.signal});
      if (answer.ok) {
        const found = await answer.json();
        if (asked === mine && document.activeElement === box) show(found);
      }
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  };

  const open = (one) => { window.location.assign(one.dataset.href); };

  box.addEventListener("input", ask);
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (event) => {
    const chosen = options()[active];
    if (event.key === "ArrowDown" && list.hidden) ask();
    else if (event.key === "ArrowDown") move(active + 1);
    else if (event.key === "ArrowUp") move(active < 0 ? options().length - 1 : active - 1);
    else if (event.key === "Enter" && chosen && !list.hidden) open(chosen);
    else if (event.key === "Escape" && !list.hidden) close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    const one = event.target.closest("[role=option]");
    event.preventDefault(); // the box keeps the focus
    if (one && event.button === 0) open(one);
  });
}
