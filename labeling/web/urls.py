"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.generic import RedirectView

from labeling.web import (
    accounts,
    guide,
    health,
    home,
    label,
    pictures,
    progress,
    review_experts,
    review_models,
    review_proposals,
    review_system,
    review_training,
)

CONTENT = r"(?P<sha256>[0-9a-f]{64})\.(?P<extension>png|jpg)$"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("log-in/", accounts.log_in, name="log-in"),
    path("log-out/", LogoutView.as_view(), name="log-out"),
    path("sign-up/", accounts.sign_up, name="sign-up"),
    path("label/", label.label, name="label"),
    path("label/classes/", label.label_classes, name="label-classes"),
    path("progress/", progress.progress, name="progress"),
    path("classes/", guide.guide, name="classes"),
    path("review/", RedirectView.as_view(pattern_name="proposals"), name="review"),
    path("review/proposals/", review_proposals.proposals, name="proposals"),
    path("review/proposals/search/", review_proposals.search_pool, name="search-pool"),
    path("review/discovery/", review_proposals.discovery_progress, name="discovery-progress"),
    path("review/proposals/<int:pk>/", review_proposals.proposal, name="proposal"),
    path("review/proposals/<int:pk>/decide/", review_proposals.decide, name="decide"),
    path("review/proposals/<int:pk>/batch/", review_proposals.batch_progress, name="batch"),
    path("review/models/", review_models.models, name="models"),
    path("review/models/<slug:role>/<int:number>/", review_models.model, name="model"),
    path(
        "review/models/<slug:role>/<int:number>/activate/", review_models.activate, name="activate"
    ),
    path("review/training/", review_training.trainings, name="trainings"),
    path("review/training/start/", review_training.train_now, name="train-now"),
    path("review/training/<int:pk>/", review_training.training, name="training"),
    path("review/training/<int:pk>/cancel/", review_training.cancel, name="cancel-training"),
    path("review/experts/", review_experts.experts, name="experts"),
    path("review/experts/<str:gravityspy_id>/", review_experts.give_gold, name="give-gold"),
    path("review/system/", review_system.system, name="system"),
    re_path(r"^pictures/" + CONTENT, pictures.picture, name="picture"),
    re_path(r"^thumbnails/" + CONTENT, pictures.thumbnail, name="thumbnail"),
    path("healthz", health.healthz, name="healthz"),
]
