// Sets the look that was chosen before anything is drawn, so that nothing
// flashes. It is the one script that is no module: modules run later.
try {
  document.documentElement.dataset.look = localStorage.getItem("look") || "";
} catch {
  // Without storage the look is the system's.
}
