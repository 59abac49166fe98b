/* A library for the web process that is not ours: it asks for a lane in a version that does not exist, asks for nothing
 * that is known, asks without a version, and then asks as ours does, too often. */

#include <webkit2/webkit-web-extension.h>

static void ask(WebKitWebPage *page, const char *name, GVariant *parameters) {
  WebKitUserMessage *question = webkit_user_message_new(name, parameters);
  webkit_web_page_send_message_to_view(page, question, NULL, NULL, NULL);
}

static void on_page(WebKitWebExtension *extension, WebKitWebPage *page, void *data) {
  ask(page, "auroraview-lane", g_variant_new("(u)", 4000000000u));
  ask(page, "auroraview-else", g_variant_new("(u)", 1u));
  ask(page, "auroraview-lane", NULL);
  ask(page, "auroraview-lane", g_variant_new("(s)", "1"));
  for (int i = 0; i < 100; i++)
    ask(page, "auroraview-lane", g_variant_new("(u)", 1u));
}

void webkit_web_extension_initialize(WebKitWebExtension *extension) {
  g_signal_connect(extension, "page-created", G_CALLBACK(on_page), NULL);
}
