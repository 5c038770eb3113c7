from django.contrib import admin
from django.urls import include, path

from labeling.throttles import throttled

admin.site.login = throttled("log_in")(admin.site.login)  # type: ignore[assignment]

urlpatterns = [
    path("api/v1/", include("labeling.api.urls")),
    path("", include("labeling.web.urls")),
    path("admin/", admin.site.urls),
]
handler500 = "labeling.web.errors.server_error"
