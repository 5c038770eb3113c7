"""Recipes: what can be trained, with every setting, and what each setting may be."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labeling.api.permissions import IsPipelineOrReviewer
from labeling.api.schema import answers
from labeling.selectors.recipes import site_recipe
from ml.vision.networks.weights import missing_weights
from ml.vision.recipes import AUTOMATIC, RECIPES, Recipe
from ml.vision.recipes.rules import wanted


class RecipeSerializer(serializers.Serializer):
    name = serializers.CharField()
    title = serializers.CharField()
    source: Any = serializers.CharField(help_text="paper or report")
    remarks = serializers.ListField(
        child=serializers.CharField(), help_text="what the source leaves open or is done otherwise"
    )
    is_ensemble = serializers.BooleanField(help_text="averages the versions in `members`")
    settings = serializers.SerializerMethodField(help_text="of a training by it, each by its name")
    missing_weights = serializers.SerializerMethodField(
        help_text="the file of weights that the site lacks; empty where all is there"
    )

    def get_settings(self, recipe: Recipe) -> dict[str, Any]:
        return recipe.settings.to_dict()

    def get_missing_weights(self, recipe: Recipe) -> str:
        return missing_weights(recipe)


class RecipesSerializer(serializers.Serializer):
    site = serializers.CharField(
        help_text=f"by which a training goes that names none; {AUTOMATIC}: as its worker chooses"
    )
    recipes = RecipeSerializer(many=True)
    rules = serializers.DictField(
        child=serializers.CharField(), help_text="what each setting may be, in words"
    )


class RecipesView(APIView):
    permission_classes = [IsAuthenticated, IsPipelineOrReviewer]

    @extend_schema(responses=answers({200: RecipesSerializer}, 401, 403))
    def get(self, request: Request) -> Response:
        """All recipes with their settings, any of which POST training-runs may change."""
        every = {"site": site_recipe(), "recipes": RECIPES.values(), "rules": wanted()}
        return Response(RecipesSerializer(every).data)
