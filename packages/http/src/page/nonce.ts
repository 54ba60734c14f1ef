/** Where the page says this, its routes put the nonce that its Content-Security-Policy allows: on each `<script>` and `<style>`. */
export const NONCE = "__KYSELY_RESILIENT_NONCE__"
