"""The addresses of the API, below ``/api/v1/``."""

from django.http import HttpRequest
from django.urls import URLPattern, URLResolver, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api import (
    assignments,
    classes,
    discovery_runs,
    drift_checks,
    evaluations,
    favourites,
    glitches,
    label_checks,
    label_issues,
    labels,
    looks,
    me,
    model_versions,
    predictions,
    proposals,
    recipes,
    shadow_trials,
    status,
    tokens,
    training_requests,
    training_runs,
    undo,
    votes,
)
from labeling.errors import NotFoundError


class UnknownAddressView(APIView):
    """A wrong address is refused like everything else: in JSON."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: HttpRequest, *args: object, **kwargs: object) -> None:
        raise NotFoundError(f"There is nothing at {request.path}; see /api/v1/docs/.")

    def get(self, request: HttpRequest, rest: str) -> Response:
        raise NotFoundError(f"There is nothing at {request.path}.")


app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    # First what is asked for most: addresses are tried in this order.
    path("next", assignments.NextView.as_view(), name="next"),
    path("votes", votes.VotesView.as_view(), name="votes"),
    path("votes/undo", undo.UndoView.as_view(), name="undo"),
    path("tokens", tokens.TokensView.as_view(), name="tokens"),
    path("tokens/<int:token_id>", tokens.TokenView.as_view(), name="token"),
    path("me", me.MeView.as_view(), name="me"),
    path("classes", classes.ClassesView.as_view(), name="classes"),
    path("glitches", glitches.GlitchesView.as_view(), name="glitches"),
    path("glitches/bulk", glitches.GlitchesBulkView.as_view(), name="glitches-bulk"),
    re_path(
        r"^glitches/(?P<gravityspy_id>[A-Za-z0-9.]{1,32})$",
        glitches.GlitchView.as_view(),
        name="glitch",
    ),
    path("favourites", favourites.FavouritesView.as_view(), name="favourites"),
    re_path(
        r"^favourites/(?P<gravityspy_id>[A-Za-z0-9.]{1,32})$",
        favourites.FavouriteView.as_view(),
        name="favourite",
    ),
    path("predictions", predictions.PredictionsView.as_view(), name="predictions"),
    path("model-versions", model_versions.ModelVersionsView.as_view(), name="model-versions"),
    path(
        "model-versions/<slug:role>/<int:number>",
        model_versions.ModelVersionView.as_view(),
        name="model-version",
    ),
    path(
        "model-versions/<slug:role>/<int:number>/activate",
        model_versions.ActivateView.as_view(),
        name="activate",
    ),
    path(
        "model-versions/<slug:role>/<int:number>/roll-back",
        model_versions.RollBackView.as_view(),
        name="roll-back",
    ),
    path("evaluations", evaluations.EvaluationsView.as_view(), name="evaluations"),
    path(
        "evaluations/<int:evaluation_id>",
        evaluations.EvaluationView.as_view(),
        name="evaluation",
    ),
    path("evaluation-runs", evaluations.EvaluationRunsView.as_view(), name="evaluation-runs"),
    path(
        "evaluation-runs/<int:evaluation_run_id>",
        evaluations.EvaluationRunView.as_view(),
        name="evaluation-run",
    ),
    path(
        "evaluation-runs/<int:evaluation_run_id>/cancel",
        evaluations.CancelEvaluationView.as_view(),
        name="cancel-evaluation",
    ),
    path("shadow-trials", shadow_trials.ShadowTrialsView.as_view(), name="shadow-trials"),
    path(
        "shadow-trials/<int:trial_id>", shadow_trials.ShadowTrialView.as_view(), name="shadow-trial"
    ),
    path(
        "shadow-trials/<int:trial_id>/call-off",
        shadow_trials.CallOffView.as_view(),
        name="call-off",
    ),
    path("drift-checks", drift_checks.DriftChecksView.as_view(), name="drift-checks"),
    path("drift-checks/<int:check_id>", drift_checks.DriftCheckView.as_view(), name="drift-check"),
    path("drift-checks/<int:check_id>/see", drift_checks.SeeAlertView.as_view(), name="see-alert"),
    path("recipes", recipes.RecipesView.as_view(), name="recipes"),
    path("training-runs", training_runs.TrainingRunsView.as_view(), name="training-runs"),
    path(
        "training-runs/<int:run_id>", training_runs.TrainingRunView.as_view(), name="training-run"
    ),
    path(
        "training-runs/<int:run_id>/cancel",
        training_runs.CancelTrainingView.as_view(),
        name="cancel-training",
    ),
    path(
        "training-runs/<int:run_id>/resume",
        training_runs.ResumeTrainingView.as_view(),
        name="resume-training",
    ),
    path(
        "training-requests",
        training_requests.TrainingRequestsView.as_view(),
        name="training-requests",
    ),
    path("discovery-runs", discovery_runs.DiscoveryRunsView.as_view(), name="discovery-runs"),
    path(
        "discovery-runs/<int:run_id>",
        discovery_runs.DiscoveryRunView.as_view(),
        name="discovery-run",
    ),
    path("label-checks", label_checks.LabelChecksView.as_view(), name="label-checks"),
    path(
        "label-checks/<int:label_check_id>",
        label_checks.LabelCheckView.as_view(),
        name="label-check",
    ),
    path(
        "label-checks/<int:label_check_id>/cancel",
        label_checks.CancelLabelCheckView.as_view(),
        name="cancel-label-check",
    ),
    path("label-issues", label_issues.LabelIssuesView.as_view(), name="label-issues"),
    path("label-issues/<int:issue_id>", label_issues.LabelIssueView.as_view(), name="label-issue"),
    path(
        "label-issues/<int:issue_id>/decide",
        label_issues.DecideIssueView.as_view(),
        name="decide-issue",
    ),
    path(
        "label-issues/<int:issue_id>/undo", label_issues.UndoIssueView.as_view(), name="undo-issue"
    ),
    path("looks", looks.LooksView.as_view(), name="looks"),
    path("looks/<uuid:key>", looks.LookView.as_view(), name="look"),
    path("proposals", proposals.ProposalsView.as_view(), name="proposals"),
    path("proposals/<int:proposal_id>", proposals.ProposalView.as_view(), name="proposal"),
    path("proposals/<int:proposal_id>/decide", proposals.DecideView.as_view(), name="decide"),
    path("labels.csv", labels.LabelsView.as_view(), name="labels"),
    path("status", status.StatusView.as_view(), name="status"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("<path:rest>", UnknownAddressView.as_view(), name="unknown"),
]
