// Runs before the first paint, so that a chosen theme never flashes the other one. Without a choice the system's theme holds.
(function () {
  try {
    const theme = window.localStorage.getItem("quayside.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage can be switched off by the browser; the system's theme is then the answer.
  }
})();
