"use strict";
// What changes while one reads is put above what is there. The server draws it: whoever hears on
// the stream that there is more asks for the page of what came since.

const publications = document.getElementById("publications");
const said = document.getElementById("live-said");
const button = document.getElementById("live-switch");
const MOST = 500; // rows that stay on the page

let source = null;
let after = publications.dataset.after;
let asking = false;
let again = false;
let came = 0;

const address = (path, rest) => path + "?" + [publications.dataset.filter, rest].filter(Boolean).join("&");

const put = (section) => {
  const old = [...publications.children].find((one) => one.dataset.key === section.dataset.key);
  const rows = [...section.querySelectorAll("tbody tr")];
  rows.forEach((row) => row.classList.add("fresh"));
  came += rows.length;
  if (old) {
    old.querySelector("tbody").prepend(...rows);
    old.querySelector(".count").textContent = old.querySelectorAll("tbody tr").length;
    publications.prepend(old);
  } else {
    publications.prepend(section);
  }
};

const trim = () => {
  while (publications.querySelectorAll("tbody tr").length > MOST && publications.children.length > 1) {
    publications.lastElementChild.remove();
  }
};

const take = async () => {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(address("/changes", "after=" + encodeURIComponent(after)), {headers: {"accept": "text/html"}});
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const found = page.getElementById("publications");
    after = found.dataset.after;
    again = again || Boolean(found.dataset.more);
    [...found.querySelectorAll("section")].reverse().forEach(put);
    if (came) {
      document.getElementById("none")?.remove();
      said.textContent = came + (came === 1 ? " new change" : " new changes");
    }
    trim();
  } finally {
    asking = false;
  }
  if (again) {
    again = false;
    await take();
  }
};

const listen = () => {
  source = new EventSource(address("/v1/changes/stream", "after=" + encodeURIComponent(after)));
  source.onopen = () => { said.textContent = said.textContent || "Waiting for changes"; };
  source.onmessage = take;
  source.onerror = () => {
    if (source.readyState === EventSource.CLOSED) {
      said.textContent = "Not live: load the page again";
      pause();
    }
  };
  button.setAttribute("aria-pressed", "true");
};

const pause = () => {
  source.close();
  source = null;
  button.setAttribute("aria-pressed", "false");
};

button.addEventListener("click", () => {
  if (source) {
    pause();
    said.textContent = "Paused";
  } else {
    said.textContent = "";
    take();
    listen();
  }
});
window.addEventListener("pagehide", () => { if (source) source.close(); });
document.getElementById("live").hidden = false;
listen();
