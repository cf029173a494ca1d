/// The page's script: keys for the enlarged view. The page works without it.
enum ReportScript {
  // The page is XML as well: no ampersand and no less-than sign may stand in here.
  static let source = """

    (function () {
      'use strict';
      var keys = { Escape: '.close', ArrowLeft: '.previous', ArrowRight: '.next' };
      function shown() { return document.querySelector('.strip:target'); }
      document.addEventListener('keydown', function (event) {
        var strip = shown();
        var link = strip ? strip.querySelector(keys[event.key] || 'no-such') : null;
        if (link) { event.preventDefault(); link.click(); }
      });
      // Stepping and closing leave no trace behind the back button; opening does.
      document.addEventListener('click', function (event) {
        var strip = shown();
        if (!strip) { return; }
        var link = event.target.closest('.controls a');
        if (!link) { if (event.target === strip) { link = strip.querySelector('.close'); } }
        if (link) { event.preventDefault(); location.replace(link.getAttribute('href')); }
      });
      window.addEventListener('hashchange', function (event) {
        var strip = shown();
        if (strip) { strip.focus({ preventScroll: true }); return; }
        var left = document.getElementById(new URL(event.oldURL).hash.slice(1));
        var opener = left ? left.querySelector('.open') : null;
        if (opener) { opener.focus({ preventScroll: true }); }
      });
    })();

    """
}
