"use strict";
// Loads the page's figures again every ten seconds, unless somebody is at work in them.
{
  const every = 10_000;
  const label = document.getElementById("refresh");
  const box = label.querySelector("input");
  label.hidden = false;

  const busy = () => {
    const live = document.getElementById("live");
    return document.hidden || !box.checked
      || live.contains(document.activeElement) || live.querySelector("details[open]") !== null
      || [...live.querySelectorAll("input[name=reason]")].some((one) => one.value !== "");
  };

  const refresh = async () => {
    if (busy()) return;
    try {
      const answer = await fetch("/operate", {headers: {accept: "text/html"}});
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("live");
      if (answer.ok && fresh && !busy()) document.getElementById("live").replaceWith(fresh);
    } catch {
      // It is tried again; what stands there says as of when it is.
    }
  };

  setInterval(refresh, every);
}
