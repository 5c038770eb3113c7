"""The addresses of the pages."""

from django.contrib.auth.views import LogoutView
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.cache import cache_control
from django.views.generic import RedirectView
from django.views.i18n import JavaScriptCatalog

from labeling.web import (
    accounts,
    collections,
    display,
    glitches,
    guide,
    health,
    home,
    label,
    learn,
    looks,
    me,
    pictures,
    progress,
    review_audit,
    review_drift,
    review_experts,
    review_glitches,
    review_judging,
    review_labels,
    review_models,
    review_proposals,
    review_system,
    review_training,
)

CONTENT = r"(?P<sha256>[0-9a-f]{64})\.(?P<extension>png|jpg)$"

words = cache_control(public=True, max_age=3600)(JavaScriptCatalog.as_view(packages=["labeling"]))

GLITCH = r"(?P<gravityspy_id>[A-Za-z0-9.]{1,32})"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("log-in/", accounts.log_in, name="log-in"),
    path("log-out/", LogoutView.as_view(), name="log-out"),
    path("sign-up/", accounts.sign_up, name="sign-up"),
    path("visit/", accounts.visit, name="visit"),
    path("me/", me.me, name="me"),
    path("me/password/", me.password, name="change-password"),
    path("me/close/", me.close, name="close-account"),
    path("label/", label.label, name="label"),
    path("label/classes/", label.label_classes, name="label-classes"),
    path("progress/", progress.progress, name="progress"),
    path("classes/", guide.guide, name="classes"),
    path("tutorial/", learn.tutorial_start, name="tutorial"),
    path("tutorial/<int:step>/", learn.tutorial, name="tutorial-step"),
    path("practice/", learn.practice, name="practice"),
    re_path(rf"^glitches/{GLITCH}/$", glitches.glitch, name="glitch"),
    re_path(rf"^glitches/{GLITCH}/comment/$", glitches.comment, name="comment"),
    re_path(rf"^glitches/{GLITCH}/favourite/$", glitches.favourite, name="favourite"),
    path("comments/<int:pk>/delete/", glitches.uncomment, name="uncomment"),
    path("what-is-this/", looks.what_is_this, name="what-is-this"),
    path("what-is-this/<uuid:key>/", looks.look, name="look"),
    path("looks/<uuid:key>/<str:name>", looks.look_file, name="look-file"),
    path("collections/", collections.collections, name="collections"),
    path("collections/create/", collections.create, name="create-collection"),
    path("collections/<int:pk>/", collections.collection, name="collection"),
    path("collections/<int:pk>/change/", collections.change, name="change-collection"),
    path("collections/<int:pk>/delete/", collections.delete, name="delete-collection"),
    re_path(rf"^collections/(?P<pk>\d+)/put/{GLITCH}/$", collections.put, name="put"),
    re_path(rf"^collections/(?P<pk>\d+)/take/{GLITCH}/$", collections.take, name="take"),
    path("display/", display.display, name="display"),
    path("words.js", words, name="words"),
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
    path("review/models/<slug:role>/<int:number>/back/", review_models.back, name="roll-back"),
    path(
        "review/models/classifier/<int:number>/trial/", review_models.try_beside, name="try-beside"
    ),
    path("review/models/classifier/<int:number>/judging/", review_judging.judging, name="judging"),
    path("review/models/classifier/<int:number>/judge/", review_judging.judge, name="judge"),
    path(
        "review/models/classifier/<int:number>/judging.zip",
        review_judging.judging_csv,
        name="judging-csv",
    ),
    path(
        "review/models/classifier/<int:number>/judging.json",
        review_judging.judging_json,
        name="judging-json",
    ),
    path(
        "review/evaluations/<int:pk>/",
        review_judging.evaluation_progress,
        name="evaluation-progress",
    ),
    path("review/evaluations/<int:pk>/cancel/", review_judging.cancel, name="cancel-evaluation"),
    path("review/trials/<int:pk>/", review_models.trial, name="trial"),
    path("review/drift/", review_drift.drift, name="drift"),
    path("review/drift/<int:pk>/see/", review_drift.see, name="see-drift"),
    path("review/training/", review_training.trainings, name="trainings"),
    path("review/training/start/", review_training.train_now, name="train-now"),
    path("review/training/<int:pk>/", review_training.training, name="training"),
    path("review/training/<int:pk>/cancel/", review_training.cancel, name="cancel-training"),
    path("review/training/<int:pk>/resume/", review_training.resume, name="resume-training"),
    path("review/experts/", review_experts.experts, name="experts"),
    path("review/experts/<str:gravityspy_id>/", review_experts.give_gold, name="give-gold"),
    path("review/labels/", review_labels.labels, name="label-issues"),
    path("review/labels/search/", review_labels.search, name="search-labels"),
    path("review/labels/search/<int:pk>/cancel/", review_labels.cancel, name="cancel-label-check"),
    path("review/labels/<int:pk>/", review_labels.decide, name="decide-label"),
    path("review/labels/<int:pk>/undo/", review_labels.undo, name="undo-label"),
    re_path(rf"^review/glitches/{GLITCH}/$", review_glitches.glitch, name="review-glitch"),
    re_path(rf"^review/glitches/{GLITCH}/explain/$", review_glitches.explain, name="explain"),
    path("review/audit/", review_audit.audit, name="audit"),
    path("review/system/", review_system.system, name="system"),
    re_path(r"^pictures/" + CONTENT, pictures.picture, name="picture"),
    re_path(r"^thumbnails/" + CONTENT, pictures.thumbnail, name="thumbnail"),
    path("healthz", health.healthz, name="healthz"),
]
