from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("labeling.web.urls")),
    path("api/v1/", include("labeling.api.urls")),
    path("admin/", admin.site.urls),
]
handler500 = "labeling.web.errors.server_error"
