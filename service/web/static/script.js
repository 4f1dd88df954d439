"use strict";
// Adds to pages that work without it: the reader's own time, and "/" to search.

// The zone is kept in a cookie: the next page comes with the reader's times in it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes("standing-zone=" + zone)) {
  document.cookie = "standing-zone=" + zone + "; path=/; max-age=31536000; samesite=strict";
}

const there = new Intl.DateTimeFormat("en-GB", {dateStyle: "medium", timeStyle: "short"});
for (const time of document.querySelectorAll("time[datetime*=T]")) {
  time.title = "Your time: " + there.format(new Date(time.dateTime));
}

document.addEventListener("keydown", (event) => {
  const writes = event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey) {
    document.getElementById("q").focus();
    event.preventDefault();
  }
});
