const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text for a place in HTML, attributes included. */
export function escapeText(value) {
  return String(value).replace(/[&<>"']/g, (sign) => entities[sign])
}
