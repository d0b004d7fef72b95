// What Amazon brought back in the address, taken out of it before anything else runs and kept in memory alone: a one-time code left
// in an address would end up in histories, screenshots and return paths.
let brought = null;

if (/\/connect\/callback\/?$/.test(window.location.pathname) && window.location.search) {
  const query = new URLSearchParams(window.location.search);
  brought = { state: query.get("state"), selling_partner_id: query.get("selling_partner_id"), code: query.get("spapi_oauth_code"), error: query.get("error"), used: false };
  window.history.replaceState(null, "", window.location.pathname);
}

/** Amazon's answer of this page load, or null: `{state, selling_partner_id, code, error, used}`. */
export const handover = brought;
